"""A worker must not outlive its supervisor: it would keep the port and an old program serving.

The kernel's own death signal would come without a chance to drain, and macOS has none, so the parent is
looked for a few times a second.
"""

import asyncio
import os
import signal
from typing import Final

LOOK_SECONDS: Final = 0.25


async def end_with_parent(parent: int) -> None:
    """Ask this process to stop in order once its parent is another than ``parent``."""
    while os.getppid() == parent:  # noqa: ASYNC110  a parent that was killed sets no event
        await asyncio.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
