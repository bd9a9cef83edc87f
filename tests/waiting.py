"""Waiting for what another task does: until it has happened, never for a fixed time."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Return as soon as it holds; TimeoutError when it does not in so many seconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  what is waited for has no event to set
            await asyncio.sleep(0.01)
