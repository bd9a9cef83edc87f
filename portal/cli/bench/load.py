"""A load client: keep-alive connections on loopback, one request at a time on each.

Written for few instructions per request, because client, server and database share the machine's cores and
whatever the client takes is missing elsewhere. Requests are made before the clock runs.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

SETTLE_SECONDS: Final = 20.0  # after the last request was sent, its answer must have come


@dataclass(slots=True)
class Measured:
    """``seconds`` from the first request to the last answer; ``latencies`` in seconds; answers by status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    octets: int = 0

    @property
    def per_second(self) -> float:
        return sum(self.statuses.values()) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The latency in milliseconds that this share of the answers did not exceed."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1000 if ranked else 0.0


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(
        self, requests: Iterator[bytes], result: Measured, done: "asyncio.Future[None]"
    ) -> None:
        self._requests = requests
        self._result = result
        self._done = done
        self._wanted = 0  # octets of the answer that are still to come
        self._head = b""
        self._status = 0
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None or self._transport is None:
            self._finish()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._result.octets += len(data)
        if self._wanted:
            self._wanted -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._status = int(self._head[9:12])
            self._wanted = _length(self._head[:end]) - (len(self._head) - end - 4)
            self._head = b""
        if self._wanted <= 0:
            self._result.latencies.append(time.perf_counter() - self._sent_at)
            self._result.statuses[self._status] += 1
            self._wanted = 0
            self._next()

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self._done.done():
            self._result.statuses[0] += 1  # cut off: counted, never hidden
            self._done.set_result(None)

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    at = head.find(b"content-length: ")
    if at < 0:
        return 0
    end = head.find(b"\r\n", at)
    return int(head[at + 16 : end if end > 0 else len(head)])


async def run(
    port: int, requests: Sequence[bytes], clients: int, seconds: float | None = None
) -> Measured:
    """Send all requests over so many connections; with ``seconds``, repeat them until the time is over."""
    result = Measured()
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    source = _until(requests, started + seconds) if seconds else iter(requests)
    waits = []
    for _ in range(clients):
        done: asyncio.Future[None] = loop.create_future()
        waits.append(done)
        await loop.create_connection(
            lambda done=done: _Connection(source, result, done),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.wait_for(asyncio.gather(*waits), (seconds or 60.0) + SETTLE_SECONDS)
    result.seconds = time.perf_counter() - started
    return result


def _until(requests: Sequence[bytes], end: float) -> Iterator[bytes]:
    while True:
        for request in requests:
            if time.perf_counter() >= end:
                return
            yield request
