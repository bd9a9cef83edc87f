"""Pages of a list."""

from dataclasses import dataclass
from typing import Final

from portal.core.text import whole_number

PAGE_SIZE: Final = 50
MAX_PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Page:
    """``number`` counts from 1; ``more`` tells whether another page follows (one row too many was asked for)."""

    number: int
    size: int = PAGE_SIZE
    more: bool = False

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def limit(self) -> int:
        """Rows to ask for: one more than shown, so that no count is needed."""
        return self.size + 1


def page_number(text: str | None) -> int:
    """The page asked for; nonsense is page 1."""
    return min(max(whole_number(text or "") or 1, 1), MAX_PAGE)
