from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.features.booking.rules import refunds
from portal.features.booking.rules.refunds import Deadlines, Quote

DAY_STARTS = datetime(2026, 11, 30, 16, tzinfo=UTC)  # 00:00 of 1 December in Shanghai
LAST_ENTRY = DAY_STARTS + timedelta(hours=12)
EARLY = Deadlines(DAY_STARTS - timedelta(days=3), DAY_STARTS, LAST_ENTRY)
SECOND = timedelta(seconds=1)
MINUTES = st.integers(-10_000, 10_000).map(lambda minutes: timedelta(minutes=minutes))


def quoted(now: datetime, deadlines: Deadlines = EARLY, *, closed: bool = False) -> Quote:
    return refunds.quote(9_999, now, deadlines, 20, closed=closed)


@pytest.mark.charter("BK-7")
def test_before_the_visit_day_everything_comes_back() -> None:
    given_back = quoted(DAY_STARTS - SECOND)
    assert given_back == Quote(
        allowed=True, rule="free", refund_fen=9_999, fee_fen=0, no_show=False, until=DAY_STARTS
    )


@pytest.mark.charter("BK-7")
@pytest.mark.parametrize("now", [DAY_STARTS, LAST_ENTRY - SECOND])
def test_on_the_visit_day_a_fee_is_kept_and_a_no_show_counted(now: datetime) -> None:
    assert quoted(now) == Quote(
        allowed=True, rule="late", refund_fen=8_000, fee_fen=1_999, no_show=True, until=LAST_ENTRY
    )


def test_after_the_last_entry_nothing_comes_back() -> None:
    assert quoted(LAST_ENTRY) == Quote(
        allowed=False, rule="over", refund_fen=0, fee_fen=9_999, no_show=True, until=None
    )


def test_for_ten_minutes_a_booking_is_undone_without_cost() -> None:
    deadlines = Deadlines(DAY_STARTS + timedelta(hours=1), DAY_STARTS, LAST_ENTRY)
    until = deadlines.booked_at + refunds.UNDO
    undone = quoted(until - SECOND, deadlines)
    assert (undone.rule, undone.refund_fen, undone.no_show, undone.until) == (
        "undo",
        9_999,
        False,
        until,
    )
    assert quoted(until, deadlines).rule == "late"


def test_undoing_ends_with_the_last_entry() -> None:
    deadlines = Deadlines(LAST_ENTRY - timedelta(minutes=2), DAY_STARTS, LAST_ENTRY)
    assert quoted(LAST_ENTRY - SECOND, deadlines).until == LAST_ENTRY
    assert quoted(LAST_ENTRY, deadlines).rule == "over"


@pytest.mark.charter("BK-11")
@pytest.mark.parametrize("now", [DAY_STARTS - SECOND, DAY_STARTS, LAST_ENTRY + SECOND])
def test_when_the_site_closes_everything_comes_back(now: datetime) -> None:
    given_back = quoted(now, closed=True)
    assert (given_back.rule, given_back.refund_fen, given_back.no_show) == ("site", 9_999, False)


@given(
    paid=st.integers(0, 10**8),
    percent=st.integers(0, 100),
    booked=MINUTES,
    after=MINUTES,
    closed=st.booleans(),
)
def test_refund_and_fee_make_up_what_was_paid(
    *, paid: int, percent: int, booked: timedelta, after: timedelta, closed: bool
) -> None:
    deadlines = Deadlines(DAY_STARTS + booked, DAY_STARTS, LAST_ENTRY)
    now = DAY_STARTS + after
    given_back = refunds.quote(paid, now, deadlines, percent, closed=closed)
    assert given_back.refund_fen + given_back.fee_fen == paid
    assert given_back.refund_fen >= 0
    assert given_back.fee_fen >= 0
    assert given_back.until is None or given_back.until > now
    assert given_back.allowed or not given_back.refund_fen


@pytest.mark.charter("BK-7")
@pytest.mark.parametrize(
    ("changes", "limit", "now", "code"),
    [
        (0, 1, LAST_ENTRY - SECOND, None),
        (0, 1, LAST_ENTRY, "change-late"),
        (1, 1, DAY_STARTS, "change-limit"),
        (0, 0, DAY_STARTS, "change-limit"),
    ],
)
def test_an_order_moves_so_often_and_so_long(
    changes: int, limit: int, now: datetime, code: str | None
) -> None:
    assert refunds.change_error(changes, limit, now, EARLY) == code
