from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.features.booking.rules.waitlist import (
    DELAY_MINUTES,
    DELAYED_RANDOM,
    IMMEDIATE,
    POLICIES,
    WAITLIST_FIRST,
    Waiting,
    next_party,
    offer_until,
    release_at,
)

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.charter("BK-8")
@pytest.mark.parametrize(
    ("free", "number"), [(0, None), (1, None), (2, 2), (4, 2), (5, 1), (100, 1)]
)
def test_the_first_party_that_fits_is_served(free: int, number: int | None) -> None:
    waiting = [Waiting(3, 2), Waiting(1, 5), Waiting(2, 2)]
    served = next_party(waiting, free)
    assert (served.number if served else None) == number


@given(
    st.lists(st.builds(Waiting, st.integers(1, 1000), st.integers(1, 50)), max_size=20),
    st.integers(0, 60),
)
def test_nobody_who_fits_is_passed_over(waiting: list[Waiting], free: int) -> None:
    served = next_party(waiting, free)
    if served is None:
        assert all(party.party > free for party in waiting)
    else:
        assert served.party <= free
        assert all(p.number >= served.number for p in waiting if p.party <= free)


@pytest.mark.charter("BK-8")
def test_an_offer_ends_at_the_hour_that_the_party_named() -> None:
    soon, late = NOW + timedelta(minutes=10), NOW + timedelta(hours=5)
    assert offer_until(NOW, 30, late) == NOW + timedelta(minutes=30)
    assert offer_until(NOW, 30, soon) == soon


@pytest.mark.parametrize("policy", [WAITLIST_FIRST, DELAYED_RANDOM])
def test_a_freed_place_returns_at_a_random_moment(policy: str) -> None:
    asked: list[tuple[int, int]] = []

    def choose(least: int, most: int) -> int:
        asked.append((least, most))
        return 17

    assert release_at(policy, NOW, choose) == NOW + timedelta(minutes=17)
    assert asked == [DELAY_MINUTES]


def test_without_a_policy_it_returns_at_once() -> None:
    assert release_at(IMMEDIATE, NOW, lambda _least, most: most) == NOW
    assert len(POLICIES) == 3
