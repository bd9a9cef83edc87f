import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import text


@pytest.mark.parametrize(
    "name",
    [
        "王芳",
        "王",
        "欧阳娜娜",
        "阿卜杜拉·买买提",
        "O’Neill",
        "Jean-Luc Picard",
        "Dr. J. Smith",
        "Nguyễn Văn A",
        "김철수",
        "राम",
    ],
)
def test_names_of_all_scripts_are_good(name: str) -> None:
    assert text.name_error(text.tidy_name(name)) is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "required"),
        ("李" * 51, "name-long"),
        ("=1+1", "name-letters"),
        ("王芳2", "name-letters"),
        ("<b>", "name-letters"),
        ("·王", "name-letters"),
        ("\u0301", "name-letters"),
        ("王\u202e芳", "name-invisible"),
        ("王\u200b芳", "name-invisible"),
        ("A\x00B", "name-invisible"),
    ],
)
def test_what_is_no_name_is_named(name: str, code: str) -> None:
    assert text.name_error(name) == code


def test_a_name_is_composed_and_trimmed() -> None:
    assert text.tidy_name("  Jose\u0301 \t  Ruiz ") == "José Ruiz"


@given(st.text(max_size=60))
def test_a_good_name_is_one_visible_line_with_a_letter(typed: str) -> None:
    name = text.tidy_name(typed)
    if text.name_error(name) is None:
        assert name.isprintable()
        assert name[0].isalpha()
        assert text.tidy_name(name) == name


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("0086 13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("(010) 1234-5678", "01012345678"),
        ("+86 10 1234 5678", "01012345678"),
        ("+86 010 1234 5678", "01012345678"),
        ("+852 9123 4567", "+85291234567"),
        ("001 202 555 0123", "+12025550123"),
    ],
)
def test_a_phone_number_is_written_in_one_way(typed: str, phone: str) -> None:
    assert text.tidy_phone(typed) == phone
    assert text.phone_error(phone) is None


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("", "required"),
        ("12345", "phone-form"),
        ("12800138000", "phone-form"),
        ("138001380001", "phone-form"),
        ("+0123456789", "phone-form"),
        ("+1234567890123456", "phone-form"),
        ("138٠0138000", "phone-form"),
        ("call me", "phone-form"),
    ],
)
def test_what_is_no_phone_number_is_named(phone: str, code: str) -> None:
    assert text.phone_error(phone) == code


@given(st.text("0123456789+-() ", max_size=20))
def test_tidying_a_good_phone_again_changes_nothing(typed: str) -> None:
    phone = text.tidy_phone(typed)
    if text.phone_error(phone) is None:
        assert text.tidy_phone(phone) == phone


def test_free_text_may_have_lines_but_nothing_hidden() -> None:
    assert text.is_visible_line("第一行\n\tsecond")
    assert not text.is_visible_line("abc\u202edef")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("999999999", 999_999_999),
        ("1000000000", None),
        ("9" * 5000, None),
        ("", None),
        ("²", None),
        ("１２", None),
        ("-1", None),
        ("+1", None),
        ("1_0", None),
        (" 1", None),
        ("1\n", None),
    ],
)
def test_a_whole_number_is_plain_digits(typed: str, number: int | None) -> None:
    assert text.whole_number(typed) == number
