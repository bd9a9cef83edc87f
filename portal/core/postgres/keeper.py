"""Starts the server again when it has ended by itself: killed, out of memory, taken for idle by somebody.

A thread of the supervisor, which otherwise only waits for its workers. Those find the database at the same address
again and go on; what they had acknowledged is there.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from portal.core.postgres.errors import PostgresError
from portal.core.postgres.server import EmbeddedPostgres

LOOK_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 1.0


class Keeper:
    """Keeps a started server running until the block is left."""

    def __init__(self, server: EmbeddedPostgres, say: Callable[[str], None]) -> None:
        self._server = server
        self._say = say
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="postgres.keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """From here on the server may be stopped: nobody starts it again."""
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            if self._server.alive():
                continue
            try:
                self._server.start()
            except PostgresError as error:
                self._say(f"the database has ended and does not start: {error}")
                self._over.wait(AGAIN_SECONDS)
            else:
                self._say("the database had ended and was started again")
