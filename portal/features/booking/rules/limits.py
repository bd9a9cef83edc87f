"""No-shows and blocks: counted in a window, in growing steps, with an end (BK-7, DOMAIN A2).

A closure, the weather or a fault of the site never counts: the caller does not count it. A block
is explained, and a person decides on an appeal (PIPL art. 24).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LARGEST_STEP: Final = 4


@dataclass(frozen=True, slots=True)
class BlockRule:
    """So many no-shows within the window block for ``block_days``, longer at each repetition."""

    window_days: int = 180
    limit: int = 3
    block_days: int = 60


def block_after(
    no_shows: int, earlier_blocks: int, rule: BlockRule, now: datetime
) -> tuple[int, datetime] | None:
    """Step and end of the block that is due at this many no-shows in the window, or None."""
    if no_shows < rule.limit:
        return None
    step = min(earlier_blocks + 1, LARGEST_STEP)
    return step, now + timedelta(days=rule.block_days * step)


def window_start(rule: BlockRule, now: datetime) -> datetime:
    return now - timedelta(days=rule.window_days)
