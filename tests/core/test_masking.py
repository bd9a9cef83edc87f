import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.masking import mask_id, mask_name, mask_phone

NUMBERS = st.text("0123456789ABCXYZ", max_size=20)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", ""),
        ("  ", ""),
        ("王", "王*"),
        ("王芳", "王*"),
        ("欧阳娜娜", "欧***"),
        ("阿卜杜拉·买买提", "阿***"),
        ("John Smith", "J*** S***"),
        ("Bo X", "B* X"),
    ],
)
def test_a_name_shows_its_beginning(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("11010519491231002X", "110***********002X"),
        ("E12345678", "E******78"),
        ("H1234567801", "H********01"),
        ("12345678", "1******8"),
        ("AB", "**"),
        ("", ""),
    ],
)
def test_a_document_shows_its_ends(number: str, shown: str) -> None:
    assert mask_id(number) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800138000", "138****8000"),
        ("01012345678", "010****5678"),
        ("+85291234567", "+852****4567"),
        ("+12025550123", "+120****0123"),
        ("+3531234", "+*****34"),
        ("1", "*"),
    ],
)
def test_a_phone_shows_its_ends(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@given(NUMBERS)
def test_at_least_half_of_a_document_is_hidden(number: str) -> None:
    shown = mask_id(number)
    assert len(shown) == len(number)
    assert shown.count("*") * 2 >= len(number)


@given(st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True))
def test_at_least_four_digits_of_a_phone_are_hidden(phone: str) -> None:
    digits = len(phone.lstrip("+"))
    assert mask_phone(phone).count("*") >= min(4, max(digits - 2, 1))
