"""Rate limits: a bucket per key in this process's memory, for what an address may do; honest 429.

Limits that protect an account, a document or a phone number are counted in PostgreSQL by their slice, because a process
sees only its share.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.exceptions import TooManyRequestsException
from litestar.handlers import BaseRouteHandler

MAX_KEYS: Final = 50_000


class TooMany(TooManyRequestsException):
    """Asked too often. ``retry_after`` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too-many", headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


@dataclass(slots=True)
class Buckets:
    """Token buckets: ``burst`` at once, then ``per_second``."""

    burst: float
    per_second: float
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: str) -> int:
        """0 when this one may pass, else the seconds until the next may."""
        now = self.clock()
        left, since = self._left.get(key, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        if left < 1:
            self._left[key] = (left, now)
            return max(1, round((1 - left) / self.per_second))
        if len(self._left) >= MAX_KEYS:
            self._left.clear()  # forgetting is kinder than refusing everybody
        self._left[key] = (left - 1, now)
        return 0


def limited(
    buckets: Buckets, *, local: bool = True
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]:
    """A guard: at most so many requests from one address.

    Without ``local`` whoever sits on the machine itself is not counted: visitors come through a proxy.
    """

    async def guard(
        connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
    ) -> None:
        address = str(connection.scope["state"].get("address", ""))
        if not local and address in ("127.0.0.1", "::1"):
            return
        if wait := buckets.take(address):
            raise TooMany(wait)

    return guard
