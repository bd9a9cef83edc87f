"""The trail (AU-1): what stands on it, that nobody changes it, and that every change is found."""

import asyncio
import hashlib
import random
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from portal.core import audit, chains, db
from portal.core.context import Act, set_act

pytestmark = pytest.mark.charter("AU-1")

TRICKY = ("", "a", "1:x", "山门 🏔", "'; DROP TABLE audit_entry; --", "\t\n", "é" * 300, "5:abcde3:")


class Undo(Exception):
    pass


async def entries() -> list[Any]:
    return await db.fetch(
        "SELECT *, detail::text AS detail_text FROM audit_entry ORDER BY lane, seq"
    )


async def breaks() -> list[chains.Break]:
    return [step async for step in chains.verify() if isinstance(step, chains.Break)]


async def act(name: str = "test:act", object_id: object = 1, **detail: Any) -> None:
    async with db.transaction():
        audit.record(name, "thing", object_id, **detail)


# ── what stands on it ────────────────────────────────────────────────────────────────────────────


async def test_an_act_says_who_what_on_what_and_from_where(database: None) -> None:
    set_act(Act("director", 7, "192.0.2.9", "abc123"))
    await act("settings:edit", "booking.days_ahead", before=7, after=14)
    (entry,) = await entries()
    assert (entry["subject"], entry["address"], entry["request_id"]) == (
        "director",
        "192.0.2.9",
        "abc123",
    )
    assert (entry["act"], entry["object_type"], entry["object_id"], entry["outcome"]) == (
        "settings:edit",
        "thing",
        "booking.days_ahead",
        "allowed",
    )
    assert entry["detail_text"] == '{"after": 14, "before": 7}'
    assert abs((datetime.now(UTC) - entry["at"]).total_seconds()) < 5  # noqa: TID251


async def test_an_act_that_is_undone_has_no_entry(database: None) -> None:
    with pytest.raises(Undo):
        async with db.transaction():
            audit.record("test:act", "thing", 1)
            raise Undo
    assert await entries() == []


async def test_an_inner_act_that_is_undone_has_no_entry_but_its_outer_one_has(
    database: None,
) -> None:
    async with db.transaction():
        audit.record("test:outer", "thing", 1)
        with pytest.raises(Undo):
            async with db.transaction():
                audit.record("test:inner", "thing", 1)
                raise Undo
    assert [entry["act"] for entry in await entries()] == ["test:outer"]


async def test_nothing_is_noted_outside_an_act(database: None) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"):
        audit.record("test:act", "thing", 1)


async def test_a_refusal_stands_at_once_with_the_rule_that_refused(database: None) -> None:
    await audit.refused("contract:read", "contract", 3, "p, role:manager, …", reason="no")
    (entry,) = await entries()
    assert (entry["outcome"], entry["rule"], entry["detail_text"]) == (
        "refused",
        "p, role:manager, …",
        '{"reason": "no"}',
    )


async def test_a_refusal_inside_an_act_would_be_undone_with_it_and_is_not_taken(
    database: None,
) -> None:
    with pytest.raises(RuntimeError, match="refusal"):
        async with db.transaction():
            await audit.refused("contract:read", "contract", 3)


@pytest.mark.commits
async def test_a_refusal_stays_whatever_comes_after(database: None) -> None:
    async def request() -> None:
        await audit.refused("contract:read", "contract", 3)
        raise Undo

    with pytest.raises(Undo):
        await request()
    assert len(await entries()) == 1


async def test_an_outcome_is_allowed_or_refused_and_nothing_else(database: None) -> None:
    async with db.transaction():
        with pytest.raises(db.CheckViolation):
            async with db.transaction():
                await audit.append([audit.Entry("x", "a", "b", "c", outcome="perhaps")])


async def test_a_process_has_lanes_of_its_own(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_lane", 0)
    lanes = [await audit.claim_lane() for _ in range(audit.LANES)]
    assert sorted(lanes) == list(range(audit.LANES))
    assert audit.booking_lane() == audit.LANES + lanes[-1]
    await act()
    assert [entry["lane"] for entry in await entries()] == [lanes[-1]]


# ── the chain ────────────────────────────────────────────────────────────────────────────────────


async def test_python_and_sql_work_the_same_fingerprint_out(database: None) -> None:
    dice = random.Random(18)  # noqa: S311
    texts = TRICKY + tuple(chr(dice.randrange(1, 0xD7FF)) for _ in range(20))
    made = [
        audit.Entry(
            *(dice.choice(texts) for _ in range(4)),
            dice.choice((audit.ALLOWED, audit.REFUSED)),
            *(dice.choice(texts) for _ in range(3)),
            detail={dice.choice(texts): dice.choice((None, 1, 2.5, "山", [True], {"a": 0}))},
        )
        for _ in range(200)
    ]
    async with db.transaction():
        await audit.append(made)
    rows = await db.fetch(
        f"SELECT {audit.FIELDS}, detail::text AS detail, digest FROM audit_entry ORDER BY seq"
    )
    assert [row["subject"] for row in rows] == [entry.subject for entry in made]
    for row in rows:
        assert hashlib.sha256(audit.fingerprint(row)).digest() == row["digest"]


def test_fields_cannot_be_shifted_into_each_other() -> None:
    """Each field says its length, so "ab" + "c" is another entry than "a" + "bc"."""

    def row(subject: str, name: str) -> dict[str, Any]:
        fields = dict.fromkeys(
            ("object_type", "object_id", "outcome", "rule", "address", "request_id", "detail"), ""
        )
        at = datetime(2026, 11, 24, tzinfo=UTC)
        return {
            "day": at.date(),
            "lane": 0,
            "seq": 1,
            "at": at,
            "subject": subject,
            "act": name,
        } | fields

    assert audit.fingerprint(row("ab", "c")) != audit.fingerprint(row("a", "bc"))
    assert audit.fingerprint(row("a", "1:b")) != audit.fingerprint(row("a1:", "b"))


@pytest.mark.commits
async def test_processes_that_append_at_once_make_one_chain(database: None) -> None:
    async def worker(number: int) -> None:
        for turn in range(10):
            await act("test:race", f"{number}/{turn}")

    async with asyncio.TaskGroup() as group:
        for number in range(db.POOL_SIZE):
            group.create_task(worker(number))
    assert await breaks() == []
    assert [entry["seq"] for entry in await entries()] == list(range(1, 10 * db.POOL_SIZE + 1))


@pytest.mark.commits
async def test_verify_counts_what_it_has_seen(database: None) -> None:
    for _ in range(3):
        await act()
    assert [step async for step in chains.verify()][-1] == 3


# ── tampering ────────────────────────────────────────────────────────────────────────────────────

Tamper = Callable[[random.Random], Awaitable[None]]


async def some(dice: random.Random) -> Any:
    """One entry at random."""
    return dice.choice(await entries())


def at_entry(sql: str) -> str:
    return f"{sql} WHERE day = $1 AND lane = $2 AND seq = $3"


async def alter(dice: random.Random) -> None:
    """Change one field of one entry."""
    row = await some(dice)
    column = dice.choice(
        ["subject", "act", "object_type", "object_id", "rule", "address", "request_id"]
    )
    await db.execute(
        at_entry(f"UPDATE audit_entry SET {column} = {column} || $4"),
        row["day"],
        row["lane"],
        row["seq"],
        dice.choice(("x", " ", "山")),
    )


async def alter_other_kinds(dice: random.Random) -> None:
    """Change the time, the outcome, the detail, or a digest."""
    row = await some(dice)
    change = dice.choice(
        [
            "at = at + interval '1 microsecond'",
            "outcome = CASE outcome WHEN 'allowed' THEN 'refused' ELSE 'allowed' END",
            "detail = detail || '{\"more\": 1}'",
            "digest = sha256(digest)",
        ]
    )
    await db.execute(
        at_entry(f"UPDATE audit_entry SET {change}"), row["day"], row["lane"], row["seq"]
    )


async def alter_and_cover_up(dice: random.Random) -> None:
    """Change an entry and work its digest out anew: the link gives it away."""
    row = await some(dice)
    key = (row["day"], row["lane"], row["seq"])
    await db.execute(at_entry("UPDATE audit_entry SET object_id = 'other'"), *key)
    fresh = await db.fetchrow(
        at_entry(f"SELECT {audit.FIELDS}, detail::text AS detail FROM audit_entry"), *key
    )
    digest = hashlib.sha256(audit.fingerprint(fresh)).digest()
    await db.execute(at_entry("UPDATE audit_entry SET digest = $4"), *key, digest)


async def remove(dice: random.Random) -> None:
    row = await some(dice)
    await db.execute(at_entry("DELETE FROM audit_entry"), row["day"], row["lane"], row["seq"])


async def remove_and_close_up(dice: random.Random) -> None:
    """Take an entry out and number the later ones anew."""
    row = await some(dice)
    key = (row["day"], row["lane"], row["seq"])
    await db.execute(at_entry("DELETE FROM audit_entry"), *key)
    later = await db.fetch(
        "SELECT seq FROM audit_entry WHERE day = $1 AND lane = $2 AND seq > $3 ORDER BY seq", *key
    )
    for found in later:
        await db.execute(at_entry("UPDATE audit_entry SET seq = seq - 1"), *key[:2], found["seq"])


COPY = (
    "day, lane, $4::bigint, at, $5::text, act, object_type, object_id, outcome, rule, address, request_id, "
    "detail, audit_digest(day, lane, $4::bigint, ((extract(epoch FROM at) * 1000000)::bigint)::text, $5::text, "
    "act, object_type, object_id, outcome, rule, address, request_id, detail::text)"
)


async def insert(dice: random.Random) -> None:
    """Put a well-made entry in at the end of a chain."""
    row = await some(dice)
    last = await db.fetchval(
        "SELECT max(seq) FROM audit_entry WHERE day = $1 AND lane = $2", row["day"], row["lane"]
    )
    await db.execute(
        at_entry(f"INSERT INTO audit_entry SELECT {COPY} FROM audit_entry"),
        row["day"],
        row["lane"],
        row["seq"],
        last + 1,
        "forger",
    )


async def swap(dice: random.Random) -> None:
    """Let two entries of a chain change places, their digests with them."""
    row = await some(dice)
    key = (row["day"], row["lane"])
    numbers = [
        found["seq"]
        for found in await db.fetch(
            "SELECT seq FROM audit_entry WHERE day = $1 AND lane = $2", *key
        )
    ]
    first, second = dice.sample(numbers, 2)
    for source, target in ((first, -1), (second, first), (-1, second)):
        await db.execute("ALTER TABLE audit_entry DROP CONSTRAINT IF EXISTS audit_entry_seq_check")
        await db.execute(at_entry("UPDATE audit_entry SET seq = $4"), *key, source, target)


async def cut_the_tail(dice: random.Random) -> None:
    """Forget the newest entries and their links."""
    row = await some(dice)
    for table in ("audit_entry", "audit_link"):
        await db.execute(
            f"DELETE FROM {table} WHERE day = $1 AND lane = $2 AND seq >= $3",
            row["day"],
            row["lane"],
            row["seq"],
        )


async def a_link(dice: random.Random) -> Any:
    return dice.choice(await db.fetch("SELECT day, lane, seq FROM audit_link ORDER BY lane, seq"))


async def forget_a_link(dice: random.Random) -> None:
    await db.execute(at_entry("DELETE FROM audit_link"), *await a_link(dice))


async def alter_a_link(dice: random.Random) -> None:
    """Change its hash, or what it belongs to."""
    change = dice.choice(["hash = sha256(hash)", "seq = seq + 1000", "lane = 9", "day = day - 1"])
    await db.execute(at_entry(f"UPDATE audit_link SET {change}"), *await a_link(dice))


async def add_a_link(dice: random.Random) -> None:
    """Beside the others: within an append, behind the end, or of a chain that is not there."""
    row = await some(dice)
    day, lane, seq = row["day"], row["lane"], row["seq"] + dice.choice((0, 100))
    lane += dice.choice((0, 20))
    await db.execute(
        "INSERT INTO audit_link VALUES ($1, $2, $3, sha256($4)) "
        "ON CONFLICT (day, lane, seq) DO UPDATE SET hash = excluded.hash",
        *(day, lane, seq, str(seq).encode()),
    )


async def alter_a_head(dice: random.Random) -> None:
    row = await some(dice)
    change = dice.choice(["length = length - 1", "length = length + 1", "head = sha256(head)"])
    await db.execute(
        f"UPDATE audit_chain SET {change} WHERE day = $1 AND lane = $2", row["day"], row["lane"]
    )


async def add_a_head(dice: random.Random) -> None:
    day = date(2026, 1, 1 + dice.randrange(28))
    await db.execute(
        "INSERT INTO audit_chain VALUES ($1, 7, $2, $3)",
        *(day, dice.choice((0, 0, 5)), chains.seed(day, 7)),
    )


async def add_a_seal(dice: random.Random) -> None:
    """Say that a month was sealed, to excuse that it is gone."""
    row = await some(dice)
    month = row["day"].replace(day=1)
    if dice.random() < 0.5:
        for table in ("audit_entry", "audit_link"):
            await db.execute(f"DELETE FROM {table}")
    made = await chains.seal_of(db.current_transaction().connection, month, 1, chains.FIRST_SEAL)
    await db.execute(
        "INSERT INTO audit_sealed_month VALUES (1, $1, $2, $3, $4, now())",
        *(month, made.chains, made.entries, made.hash),
    )


async def forget_a_head(dice: random.Random) -> None:
    row = await some(dice)
    await db.execute(
        "DELETE FROM audit_chain WHERE day = $1 AND lane = $2", row["day"], row["lane"]
    )


async def move_to_another_day(dice: random.Random) -> None:
    row = await some(dice)
    await db.execute(
        at_entry("UPDATE audit_entry SET day = day - 1"), row["day"], row["lane"], row["seq"]
    )


async def move_to_another_lane(dice: random.Random) -> None:
    row = await some(dice)
    await db.execute(
        at_entry("UPDATE audit_entry SET lane = lane + 30"), row["day"], row["lane"], row["seq"]
    )


TAMPERINGS: tuple[Tamper, ...] = (
    alter,
    alter_other_kinds,
    alter_and_cover_up,
    remove,
    remove_and_close_up,
    insert,
    swap,
    cut_the_tail,
    forget_a_link,
    alter_a_link,
    add_a_link,
    forget_a_head,
    alter_a_head,
    add_a_head,
    add_a_seal,
    move_to_another_day,
    move_to_another_lane,
)
EACH = 1 + 1000 // len(TAMPERINGS)


async def a_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two chains of 12 entries, appended one, two and three at a time."""
    for lane in (3, 4):
        monkeypatch.setattr(audit, "_lane", lane)
        for turn, size in enumerate((1, 2, 3, 1, 2, 3)):
            async with db.transaction():
                for number in range(size):
                    audit.record("test:act", "thing", f"{lane}/{turn}/{number}", note="山门")


async def without_guards() -> None:
    """What the owner of the tables can do: take the triggers away."""
    for table in ("audit_entry", "audit_link", "audit_chain", "audit_sealed_month"):
        await db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
async def test_every_change_is_found(
    tamper: Tamper, database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than 1,000 changes in all, others in each run; what is not found can be repeated by its seed."""
    await a_trail(monkeypatch)
    async with db.transaction():
        assert await breaks() == []
    first = secrets.randbelow(10**9)
    for seed in range(first, first + EACH):
        with pytest.raises(Undo):
            async with db.transaction():
                await without_guards()
                await tamper(random.Random(seed))  # noqa: S311
                found = await breaks()
                assert found, f"{tamper.__name__} with seed {seed} was not found"
                raise Undo
    async with db.transaction():
        assert await breaks() == []


async def test_a_walk_that_looks_at_nothing_would_find_nothing(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without its digests the same change goes by."""
    await a_trail(monkeypatch)
    async with db.transaction():
        await without_guards()
        await alter(random.Random(1))  # noqa: S311
        assert await breaks()
        monkeypatch.setattr(
            chains.Chain, "take", lambda chain, *entry: chain.take_digest(*entry[2:])
        )
        monkeypatch.setattr(chains.Chain, "finish", lambda *_: None)
        assert await breaks() == []


async def test_the_first_bad_entry_is_named(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_trail(monkeypatch)
    async with db.transaction():
        await without_guards()
        await db.execute("UPDATE audit_entry SET act = 'other' WHERE lane = 4 AND seq IN (5, 9)")
        (found,) = await breaks()
    assert (found.lane, found.seq, found.reason) == (4, 5, "the entry was altered")
    assert found.day == await db.fetchval("SELECT max(day) FROM audit_chain")


# ── append-only ──────────────────────────────────────────────────────────────────────────────────

CHANGES = (
    "UPDATE audit_entry SET subject = 'x'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry",
    "TRUNCATE audit_entry_rest",
    "UPDATE audit_link SET seq = seq",
    "DELETE FROM audit_link",
    "TRUNCATE audit_link",
    "DELETE FROM audit_chain",
    "TRUNCATE audit_chain",
    "TRUNCATE audit_sealed_month",
)


@pytest.mark.parametrize("change", CHANGES)
async def test_nothing_on_the_trail_is_changed_or_removed(change: str, database: None) -> None:
    await act()
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await db.execute(change)
    assert len(await entries()) == 1


@pytest.mark.parametrize("change", CHANGES)
async def test_without_the_triggers_it_could_be(change: str, database: None) -> None:
    """The control: the triggers are what refuses."""
    await act()
    await without_guards()
    await db.execute("ALTER TABLE audit_entry_rest DISABLE TRIGGER USER")
    await db.execute(change)


async def test_a_day_and_lane_seed_chains_of_their_own(database: None) -> None:
    assert chains.seed(date(2026, 11, 24), 1) != chains.seed(date(2026, 11, 24), 2)
    assert chains.seed(date(2026, 11, 24), 1) == hashlib.sha256(b"2026-11-24/1").digest()
