import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import order_code
from portal.core.order_code import ALPHABET, EPOCH

DAYS = st.dates(EPOCH, date(2107, 1, 1))
SEEDS = st.integers(0, 2**32)
LAST_DAY = EPOCH + timedelta(days=len(ALPHABET) ** 3 - 1)


def a_code(day: date, seed: int) -> str:
    return order_code.new(day, random.Random(seed).randrange)  # noqa: S311  the same code each time


@given(DAYS, SEEDS)
def test_a_code_tells_its_visit_day(day: date, seed: int) -> None:
    code = a_code(day, seed)
    assert order_code.is_valid(code)
    assert order_code.visit_day(code) == day


@given(DAYS, SEEDS)
def test_a_code_read_over_the_telephone_is_understood(day: date, seed: int) -> None:
    code = a_code(day, seed)
    spoken = order_code.grouped(code).lower().replace("0", "o").replace("1", "l")
    assert order_code.tidy(f" {spoken}\t") == code


def test_full_width_characters_and_long_dashes_are_understood() -> None:
    assert order_code.tidy("０ＡＢ－cdef–ghjk") == "0ABCDEFGHJK"


def test_a_code_is_shown_in_groups() -> None:
    assert order_code.grouped("0ABCDEFGHJK") == "0AB-CDEF-GHJK"


@pytest.mark.parametrize("seed", range(20))
def test_every_single_wrong_character_is_found(seed: int) -> None:
    code = a_code(EPOCH + timedelta(days=97 * seed), seed)
    for position, right in enumerate(code):
        for wrong in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            if wrong != right:
                assert not order_code.is_valid(code[:position] + wrong + code[position + 1 :])


@given(DAYS, SEEDS)
def test_every_swap_of_neighbours_is_found(day: date, seed: int) -> None:
    code = a_code(day, seed)
    for position in range(len(code) - 1):
        first, second = code[position], code[position + 1]
        swapped = code[:position] + second + first + code[position + 2 :]
        assert order_code.is_valid(swapped) == (first == second)


@given(st.text(max_size=15))
def test_no_text_upsets_the_check(typed: str) -> None:
    tidy = order_code.tidy(typed)
    if order_code.is_valid(tidy):
        assert EPOCH <= order_code.visit_day(tidy) <= LAST_DAY


def test_codes_are_random() -> None:
    assert len({order_code.new(EPOCH) for _ in range(200)}) == 200


@pytest.mark.parametrize("day", [EPOCH - timedelta(days=1), LAST_DAY + timedelta(days=1)])
def test_a_day_that_no_code_can_tell_is_refused(day: date) -> None:
    with pytest.raises(ValueError, match=str(day)):
        order_code.new(day)


def test_the_last_day_has_codes() -> None:
    assert order_code.visit_day(order_code.new(LAST_DAY)) == LAST_DAY
