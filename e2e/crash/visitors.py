"""Visitors who do not give up: they book over real HTTP, and whoever gets no answer sends the same form again.

Every request leaves a line of history: what was asked for, when, and what came back. A request that was cut off is
``unknown``: it may have booked or not, until its repeat is answered.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlencode
from uuid import UUID

import httpx

from portal.core.resident_id import check_character

REPEATED = 0.05  # of what was answered is sent once more, as by a second click
PATIENCE = 8.0  # seconds for one answer
VISITORS_MOST = 200
PAUSE = 0.1  # seconds before a form is sent again

BOOKED, REFUSED, UNAVAILABLE = 303, 409, 503


@dataclass(slots=True)
class Wish:
    """A booking that somebody wants. ``code`` once it was acknowledged; ``refused`` once it was told no."""

    key: str
    slot: int
    body: bytes
    code: str = ""
    refused: bool = False
    sent: int = 0


@dataclass(slots=True)
class History:
    wishes: list[Wish] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    cut_off: int = 0
    repeats: int = 0
    wrong: list[str] = field(default_factory=list)
    answered: list[tuple[float, float]] = field(default_factory=list)  # with yes or no: sent, told

    @property
    def acknowledged(self) -> list[Wish]:
        return [wish for wish in self.wishes if wish.code]

    def longest_silence(self, first: float, last: float) -> float:
        """The longest time in which nobody was told yes or no."""
        answers = sorted(at for _sent, at in self.answered if first < at < last)
        return max(after - before for before, after in pairwise([first, *answers, last]))


class Crowd:
    """So many visitors at once, until ``stop``."""

    def __init__(self, port: int, slots: Sequence[int], seed: int = 1) -> None:
        self.history = History()
        self._port = port
        self._slots = slots
        self._random = random.Random(seed)  # noqa: S311  the same people in each run
        self._going = True
        self._told = asyncio.Event()
        page = httpx.get(f"http://127.0.0.1:{port}/book/{slots[0]}", trust_env=False)
        self._cookie = f"csrf={page.cookies['csrf']}"
        self._token = page.text.split('name="_csrf_token" value="')[1].split('"')[0]

    def stop(self) -> None:
        self._going = False

    async def served_since(self, moment: float, patience: float) -> None:
        """Until somebody is told yes or no who asked after this moment, or patience ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not any(
                    sent >= moment for sent, _at in self.history.answered[-VISITORS_MOST:]
                ):
                    self._told.clear()
                    await self._told.wait()

    async def come(self, visitors: int) -> None:
        await asyncio.gather(*(self._visitor() for _ in range(visitors)))

    async def _visitor(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            line = Line(self._port)
            stack.push_async_callback(line.close)
            while self._going:
                wish = self._wish()
                self.history.wishes.append(wish)
                await self._book(line, wish)
                if (wish.code or wish.refused) and self._random.random() < REPEATED:
                    self.history.repeats += 1
                    await self._book(line, wish)

    async def _book(self, line: "Line", wish: Wish) -> None:
        """Until there is an answer that says yes or no; after the end of the load once more at most."""
        tries = 0
        while self._going or tries < 100:
            tries += 1
            wish.sent += 1
            sent = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    status, location = await line.ask(wish.body)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                self.history.cut_off += 1
                await line.close()
                await asyncio.sleep(PAUSE)
                continue
            self.history.statuses[status] += 1
            if self._answered(wish, status, location):
                self.history.answered.append((sent, time.monotonic()))
                self._told.set()
                return
            await asyncio.sleep(PAUSE)

    def _answered(self, wish: Wish, status: int, location: str) -> bool:
        if status == BOOKED:
            code = location.split("/")[2].split("?", maxsplit=1)[0]
            if wish.code not in ("", code):
                self.history.wrong.append(f"{wish.key} was booked as {wish.code} and as {code}")
            if wish.refused:
                self.history.wrong.append(f"{wish.key} was refused and then booked as {code}")
            wish.code = code
            return True
        if status == REFUSED:
            if wish.code:
                self.history.wrong.append(f"{wish.key} was booked as {wish.code} and then refused")
            wish.refused = True
            return True
        if status < 500:
            self.history.wrong.append(f"{wish.key} was answered with {status}")
            return True
        return False

    def _wish(self) -> Wish:
        chosen = self._random
        key, slot = str(UUID(int=chosen.getrandbits(128), version=4)), chosen.choice(self._slots)
        fields = {
            "_csrf_token": self._token,
            "idempotency_key": key,
            "contact_phone": f"13{chosen.randrange(10**9):09d}",
            "consent": "yes",
        }
        for row in range(chosen.choice((1, 1, 1, 2, 3))):
            fields |= {
                f"visitors-{row}-name": "李晓峰",
                f"visitors-{row}-category": "adult",
                f"visitors-{row}-id_type": "resident_id",
                f"visitors-{row}-id_number": _resident(chosen),
            }
        body = urlencode(fields).encode()
        head = (
            f"POST /book/{slot} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {self._cookie}\r\n"
            f"Origin: http://127.0.0.1:{self._port}\r\nSec-Fetch-Site: same-origin\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return Wish(key, slot, head.encode() + body)


def _resident(chosen: random.Random) -> str:
    digits = (
        f"{chosen.randrange(110000, 660000)}{chosen.randrange(1960, 2005)}{chosen.randrange(1, 13):02d}"
        f"{chosen.randrange(1, 29):02d}{chosen.randrange(1000):03d}"
    )
    return digits + check_character(digits)


class Line:
    """One keep-alive connection; opened anew when it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> tuple[int, str]:
        """Status and ``Location`` of the answer."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {
            name.lower(): value.strip()
            for name, _colon, value in (line.partition(":") for line in head.split("\r\n")[1:])
        }
        await self._reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[9:12]), headers.get("location", "")

    async def close(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
