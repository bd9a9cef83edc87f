"""Group commit: all bookings that wait in a process are made by one statement and one commit (DESIGN.md 2).

There is no waiting window. What arrives while one batch commits is the next batch, so a lone visitor waits for nobody
and a crowd shares its commits: measured, 17,000 bookings a second on one hot slot where a transaction each gives 500.

Each request has its own outcome. The answer is given after the commit, never before. A batch that fails as a whole is
tried again one by one, so that nobody fails for a neighbour. When the connection is lost the outcome is unknown: the
same requests are sent again with the same keys, which makes them once, until their deadline; then the visitor is told
to try again, and the key in the form still stands for the same booking.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from portal.core import audit, clock, db
from portal.web import metrics

log = structlog.get_logger(__name__)

MAX_BATCH: Final = 128
MAX_WAITING: Final = 4_000
MAX_TRIES: Final = 10
DEADLINE_SECONDS: Final = 8.0
RECONNECT_SECONDS: Final = 0.2
CONNECT_SECONDS: Final = 2.0  # no deadline is looked at meanwhile
STATEMENT_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class NewTicket:
    """One person's ticket as it will be stored: prices are worked out, personal data sealed."""

    category: str
    price_fen: int
    price_rule: str
    proof: str
    name_sealed: bytes | None
    id_type: str
    id_sealed: bytes | None
    id_index: bytes | None
    country: str


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One booking as it will be stored. ``hold_until`` is None for an order that is confirmed at once."""

    key: UUID
    digest: bytes
    slot: int
    code: str
    channel: str
    payment: str
    total_fen: int
    phone_sealed: bytes | None
    phone_index: bytes | None
    language: str
    consent: str
    guardian: bool
    sold_by: int | None
    hold_until: datetime | None
    subject: str
    address: str
    request_id: str
    tickets: tuple[NewTicket, ...]

    @property
    def state(self) -> str:
        return "confirmed" if self.hold_until is None else "held"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    ``kind`` is ``booked``, ``repeated`` (then code and day are those of the first order) or why not:
    ``sold-out``, ``slot-closed``, ``duplicate-document``, ``blocked``, ``phone-limit``, ``key-reused``.
    """

    kind: str
    code: str
    visit_day: date | None

    @property
    def placed(self) -> bool:
        return self.kind in ("booked", "repeated")


class Busy(Exception):
    """Try again with the same key. ``kind`` is ``busy`` (nothing was sent) or ``timeout`` (the outcome is unknown)."""

    def __init__(self, kind: str = "busy") -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True, eq=False)
class _Waiting:
    order: NewOrder
    deadline: float
    outcome: asyncio.Future[Outcome]
    sent: int = 0
    marks: frozenset[object] = field(init=False)

    def __post_init__(self) -> None:
        documents = (ticket.id_index for ticket in self.order.tickets)
        self.marks = frozenset(
            mark
            for mark in (self.order.key, self.order.phone_index, *documents)
            if mark is not None
        )


Connect = Callable[[], Awaitable[Any]]


class Booker:
    """The one task of this process that books. ``connect`` opens a connection of its own."""

    def __init__(self, connect: Connect, lane: int, phone_limit: Callable[[], int]) -> None:
        self._connect = connect
        self._lane = lane
        self._phone_limit = phone_limit
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._connection: Any = None

    async def start(self) -> None:
        self._connection = await self._connect()
        self._task = asyncio.create_task(self._run(), name="booker")

    async def stop(self) -> None:
        """Book what waits, then stop; new requests are refused as busy."""
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task
        if self._connection is not None:
            with contextlib.suppress(*db.ConnectionLost):
                await self._connection.close(timeout=1)

    def alive(self) -> bool:
        """Whether what is sent here will be booked or refused in time."""
        return self._task is not None and not self._task.done()

    async def book(self, order: NewOrder) -> Outcome:
        """Book, or say why not; raises ``Busy`` when the outcome cannot be had in time."""
        if self._stopping or len(self._waiting) >= MAX_WAITING:
            raise Busy
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(order, time.monotonic() + DEADLINE_SECONDS, outcome))
        self._wake.set()
        return await outcome

    async def _run(self) -> None:
        while self._waiting or not self._stopping:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            if batch := self._next_batch():
                metrics.QUEUE.set(len(self._waiting))
                await self._book(batch)

    def _next_batch(self) -> list[_Waiting]:
        """As many as fit. Whoever shares a key, phone or document with one in the batch waits for the next."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        marks: set[object] = set()
        now = time.monotonic()
        while self._waiting and len(batch) < MAX_BATCH:
            item = self._waiting.popleft()
            if item.outcome.done():  # the visitor's connection is gone before anything was sent
                continue
            if now > item.deadline:
                _give_up(item)
            elif marks.isdisjoint(item.marks):
                marks |= item.marks
                batch.append(item)
            else:
                later.append(item)
        self._waiting.extendleft(reversed(later))
        return batch

    async def _book(self, batch: Sequence[_Waiting]) -> None:
        for item in batch:
            item.sent += 1
        try:
            outcomes = await self._send([item.order for item in batch])
        except Exception as error:  # noqa: BLE001  whatever it is, the task that books must outlive it
            if _is_lost(error):
                log.warning("booker.connection_lost", waiting=len(batch), error=_named(error))
                self._waiting.extendleft(reversed(batch))
                await self._reconnect()
            else:
                await self._one_by_one(batch, error)
        else:
            for item, outcome in zip(batch, outcomes, strict=True):
                if not item.outcome.done():
                    item.outcome.set_result(outcome)
            _measure(outcomes)

    async def _one_by_one(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """The batch was rolled back: find the one at fault, let the others through."""
        if len(batch) > 1:
            log.info("booker.batch_failed", size=len(batch), error=_named(error))
            for item in batch:
                await self._book([item])
            return
        item = batch[0]
        if isinstance(error, _CLASHES) and item.sent <= MAX_TRIES:
            # another process booked the same document or key in this moment: asked again, the database says which
            self._waiting.appendleft(item)
        elif not item.outcome.done():
            log.error("booker.failed", error=_named(error))
            item.outcome.set_exception(error)

    async def _reconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        while self._connection is None:
            now = time.monotonic()
            for item in self._waiting:
                if self._stopping or now > item.deadline:
                    _give_up(item)
            if self._stopping:
                self._waiting.clear()
                return
            try:
                self._connection = await asyncio.wait_for(self._connect(), CONNECT_SECONDS)
            except (*db.ConnectionLost, asyncpg.PostgresError):
                await asyncio.sleep(RECONNECT_SECONDS)
            except Exception:  # whatever it is, the next try may do better
                log.exception("booker.cannot_connect")
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _send(self, orders: Sequence[NewOrder]) -> list[Outcome]:
        if self._connection is None:
            raise ConnectionError("no connection")
        rows = await self._connection.fetch(
            BOOK_BATCH,
            *arguments(orders, clock.now(), self._lane, self._phone_limit()),
            timeout=STATEMENT_TIMEOUT,
        )
        return [Outcome(row[0], row[1], row[2]) for row in rows]


async def book_now(order: NewOrder, phone_limit: int, *, counted: bool = True) -> Outcome:
    """Book one order in the open transaction, for acts that must do more than book (a change, a cash sale).

    Takes the same locks in the same order as the booker. ``counted`` False is no attempt to book (a change). Raises
    ``UniqueViolation`` when another process books one of the documents in this moment.
    """
    given = arguments([order], clock.now(), audit.booking_lane(), phone_limit, counted=counted)
    [row] = await db.fetch(BOOK_BATCH, *given)
    outcome = Outcome(*row)
    if counted:

        async def measure() -> None:
            _measure([outcome])

        db.current_transaction().after_commit.append(measure)
    return outcome


#: No attempts of their own; the booking function counts neither.
_SAME_AGAIN: Final = frozenset({"repeated", "key-reused"})


def _measure(outcomes: Iterable[Outcome]) -> None:
    """Count for Prometheus what the booking function has counted in the database."""
    for kind, many in Counter(outcome.kind for outcome in outcomes).items():
        if kind not in _SAME_AGAIN:
            metrics.BOOKINGS.labels(kind).inc(many)


#: Ends of a statement that say nothing of the request: sent again, it may succeed or learn why not.
_CLASHES: Final = (
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
)


def _is_lost(error: Exception) -> bool:
    """Whether the connection is of no more use: gone, or to a server that may not write (any more)."""
    if isinstance(error, asyncpg.DataError):
        return False  # asyncpg calls what it cannot encode an interface error
    return isinstance(error, (*db.ConnectionLost, asyncpg.ReadOnlySQLTransactionError))


def _named(error: Exception) -> str:
    """For the log: without the values, that are visitors' data."""
    constraint = getattr(error, "constraint_name", None)
    return f"{type(error).__name__} {constraint}" if constraint else type(error).__name__


def _give_up(item: _Waiting) -> None:
    if not item.outcome.done():
        item.outcome.set_exception(Busy("timeout" if item.sent else "busy"))


_PARAMETERS: Final = 35
BOOK_BATCH: Final = (
    "SELECT outcome, order_code, order_day FROM book_batch("  # noqa: S608  only numbers of parameters
    + ", ".join(f"${number}" for number in range(1, _PARAMETERS + 1))
    + ")"
)


def arguments(
    orders: Sequence[NewOrder], now: datetime, lane: int, phone_limit: int, *, counted: bool = True
) -> tuple[Any, ...]:
    """The batch as parallel arrays, in the order of ``book_batch``'s parameters."""
    slots = sorted({order.slot for order in orders})
    place = {slot: number for number, slot in enumerate(slots, 1)}
    tickets = [
        (number, ordinal, ticket)
        for number, order in enumerate(orders, 1)
        for ordinal, ticket in enumerate(order.tickets)
    ]
    return (
        now,
        lane,
        phone_limit,
        counted,
        slots,
        *_columns(
            (
                place[o.slot], o.key, o.digest, o.code, len(o.tickets), o.channel, o.state, o.payment,
                o.total_fen, o.phone_sealed, o.phone_index, o.language, o.consent, o.guardian,
                o.sold_by, o.hold_until, o.subject, o.address, o.request_id,
            )
            for o in orders
        ),
        *_columns(
            (
                number, ordinal, t.category, t.price_fen, t.price_rule, t.proof, t.name_sealed,
                t.id_type, t.id_sealed, t.id_index, t.country,
            )
            for number, ordinal, t in tickets
        ),
    )  # fmt: skip


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
