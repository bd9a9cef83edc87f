import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.money import LARGEST_FEN, LARGEST_STORED, BadAmount, parse_yuan, plain_yuan, yuan

AMOUNTS = st.integers(-LARGEST_FEN, LARGEST_FEN)


@pytest.mark.parametrize(
    ("fen", "shown", "plain"),
    [
        (0, "¥0", "0.00"),
        (5, "¥0.05", "0.05"),
        (12_000, "¥120", "120.00"),
        (123_450, "¥1,234.50", "1234.50"),
        (-123_456, "-¥1,234.56", "-1234.56"),
    ],
)
def test_fen_are_shown_as_yuan(fen: int, shown: str, plain: str) -> None:
    assert yuan(fen) == shown
    assert plain_yuan(fen) == plain


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("120", 12_000),
        (" 99.5 ", 9_950),
        ("1,234.50", 123_450),
        ("¥12", 1_200),
        ("￥１２．５", 1_250),
        ("-0", 0),
        ("007", 700),
        ("1000000000", LARGEST_FEN),
    ],
)
def test_typed_amounts_are_understood(typed: str, fen: int) -> None:
    assert parse_yuan(typed) == fen


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "amount-form"),
        ("twelve", "amount-form"),
        ("1.234", "amount-form"),
        ("1,23", "amount-form"),
        ("1e3", "amount-form"),
        ("1 2", "amount-form"),
        (".5", "amount-form"),
        ("-1", "amount-negative"),
        ("1000000000.01", "amount-large"),
        ("9" * 500, "amount-large"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_code(typed: str, code: str) -> None:
    with pytest.raises(BadAmount) as refused:
        parse_yuan(typed)
    assert refused.value.args == (code,)


def test_what_is_stored_may_be_smaller() -> None:
    assert parse_yuan("21474836.47", largest=LARGEST_STORED) == LARGEST_STORED
    with pytest.raises(BadAmount, match="amount-large"):
        parse_yuan("21474836.48", largest=LARGEST_STORED)


def test_a_debt_is_understood_only_where_one_may_stand() -> None:
    assert parse_yuan("-12.34", negative=True) == -1_234


@given(AMOUNTS)
def test_what_is_written_is_read_back(fen: int) -> None:
    assert parse_yuan(plain_yuan(fen), negative=True) == fen


@given(st.integers(0, LARGEST_FEN))
def test_what_is_shown_can_be_typed_again(fen: int) -> None:
    assert parse_yuan(yuan(fen)) == fen


@given(st.text(max_size=20))
def test_any_text_is_an_amount_or_a_code(typed: str) -> None:
    try:
        assert abs(parse_yuan(typed, negative=True)) <= LARGEST_FEN
    except BadAmount as refused:
        assert refused.args[0] in {"amount-form", "amount-large"}  # noqa: PT017  either way is good
