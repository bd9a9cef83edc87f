from datetime import UTC, datetime, timedelta

import pytest

from portal.features.booking.rules.limits import BlockRule, block_after, window_start

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
RULE = BlockRule(window_days=180, limit=3, block_days=60)


@pytest.mark.charter("BK-7")
@pytest.mark.parametrize(
    ("no_shows", "earlier", "step"),
    [(0, 0, None), (2, 5, None), (3, 0, 1), (4, 1, 2), (3, 3, 4), (3, 9, 4)],
)
def test_no_shows_block_in_growing_steps(no_shows: int, earlier: int, step: int | None) -> None:
    expected = None if step is None else (step, NOW + timedelta(days=60 * step))
    assert block_after(no_shows, earlier, RULE, NOW) == expected


def test_only_the_window_counts() -> None:
    assert window_start(RULE, NOW) == NOW - timedelta(days=180)
