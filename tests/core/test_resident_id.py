from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.core import resident_id

TODAY = date(2026, 11, 24)
SPECIMENS = (
    "11010519491231002X",
    "440524188001010014",
    "810000199408230021",
    "830000199201300022",
)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), TODAY))
    body = f"{draw(st.integers(0, 999_999)):06}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return body + resident_id.check_character(body)


@pytest.mark.charter("BK-3")
@pytest.mark.parametrize("number", SPECIMENS)
def test_the_published_specimens_are_good(number: str) -> None:
    assert resident_id.error(number, TODAY) is None


@given(numbers())
def test_every_area_code_is_good(number: str) -> None:
    assert resident_id.error(number, TODAY) is None
    born = resident_id.birth_date(number)
    assert born is not None
    assert f"{born:%Y%m%d}" == number[6:14]


@given(numbers(), st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(number: str, position: int, shift: int) -> None:
    wrong = str((int(number[position]) + shift) % 10)
    changed = number[:position] + wrong + number[position + 1 :]
    assert resident_id.error(changed, TODAY) == "id-check"


@given(numbers(), st.integers(0, 16))
def test_every_swap_of_neighbours_is_found(number: str, position: int) -> None:
    first, second = number[position], number[position + 1]
    assume(first != second)
    swapped = number[:position] + second + first + number[position + 2 :]
    assert resident_id.error(swapped, TODAY) in {"id-check", "id-digits"}


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "id-length"),
        ("1101051949123100", "id-length"),
        ("11010519491231002XX", "id-length"),
        ("110105491231002", "id-fifteen"),
        ("X1010519491231002X", "id-digits"),
        ("11010519491231002A", "id-digits"),
        ("１１０１０５１９４９１２３１００２Ｘ", "id-digits"),
        ("110105194912310021", "id-check"),
    ],
)
def test_what_is_wrong_is_named(number: str, code: str) -> None:
    assert resident_id.error(number, TODAY) == code


@pytest.mark.parametrize("birth", ["20260230", "20261125", "18751231", "00000101", "19491301"])
def test_an_impossible_birth_date_is_named(birth: str) -> None:
    body = f"110105{birth}002"
    number = body + resident_id.check_character(body)
    assert resident_id.error(number, TODAY) == "id-birth-date"


def test_blanks_full_width_and_a_small_x_are_tidied() -> None:
    assert resident_id.tidy(" １１０１０５ 19491231-002x　") == SPECIMENS[0]
