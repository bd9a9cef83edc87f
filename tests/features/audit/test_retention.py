"""How long entries are kept, and that a dropped month can still be judged (AU-1)."""

from datetime import date, timedelta
from typing import Any

import pytest

from portal.core import anchors, audit, chains, clock, db, partitions, site_settings
from portal.core.site_settings import BadValue
from portal.features.audit import retention
from tests.browser import Browser, SignIn
from tests.core.test_audit import Undo, act, breaks, without_guards

pytestmark = pytest.mark.charter("AU-1")

OLD = (date(2021, 3, 1), date(2021, 4, 1))


async def a_month(first: date, *, own: bool) -> None:
    """Two chains of three entries in a month long ago, in a partition of its own or in the rest."""
    if own:
        await partitions.ensure(("audit_entry",), first, first)
    for lane in (5, 6):
        day = first + timedelta(days=lane)
        entries = []
        for seq in (1, 2, 3):
            row = {
                "day": day, "lane": lane, "seq": seq, "at": clock.at(day, clock.now().time()),
                "subject": "ops1", "act": "test:act", "object_type": "thing", "object_id": f"{seq}",
                "outcome": "allowed", "rule": "", "address": "", "request_id": "", "detail": "{}",
            }  # fmt: skip
            entries.append((*row.values(), chains.digest_of(audit.fingerprint(row))))
        head = chains.linked(chains.seed(day, lane), (entry[-1] for entry in entries))
        await db.executemany(
            "INSERT INTO audit_entry VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14)",
            entries,
        )
        await db.execute("INSERT INTO audit_link VALUES ($1, $2, 3, $3)", day, lane, head)
        await db.execute("INSERT INTO audit_chain VALUES ($1, $2, 3, $3)", day, lane, head)


async def found() -> list[chains.Break]:
    async with db.transaction():
        return await breaks()


@pytest.fixture
async def sealed(database: None) -> list[date]:
    """Two months that went: one that had a table of its own, one in the rest."""
    await a_month(OLD[0], own=True)
    await a_month(OLD[1], own=False)
    await act()
    assert await found() == []
    return await retention.drop_old()


async def test_old_months_go_and_the_trail_still_holds(sealed: list[date]) -> None:
    assert sealed == list(OLD)
    assert await db.fetchval("SELECT to_regclass('audit_entry_2021_03') IS NULL")
    assert await db.fetchval("SELECT count(*) FROM audit_entry WHERE day < '2022-01-01'") == 0
    assert await db.fetchval("SELECT count(*) FROM audit_link WHERE day < '2022-01-01'") == 0
    assert await db.fetchval("SELECT count(*) FROM audit_chain WHERE day < '2022-01-01'") == 4
    assert await found() == []
    assert await retention.drop_old() == []
    told = await db.fetch(
        "SELECT object_id, detail FROM audit_entry WHERE act = 'audit_trail:seal'"
    )
    assert [row["object_id"] for row in told] == ["2021-03", "2021-04"]
    assert {key for key in anchors.read() if key[1] == anchors.SEAL} == {
        (month, anchors.SEAL) for month in OLD
    }


ALTERATIONS = {
    "a head": ("UPDATE audit_chain SET head = sha256(head) WHERE day = '2021-03-06'", "seal"),
    "a length": ("UPDATE audit_chain SET length = 9 WHERE day = '2021-03-06'", "seal"),
    "a chain": ("DELETE FROM audit_chain WHERE day = '2021-03-06'", "seal"),
    "a seal": ("UPDATE audit_sealed_month SET hash = sha256(hash) WHERE number = 2", "seal"),
    "its size": ("UPDATE audit_sealed_month SET entries = 5 WHERE number = 2", "seal"),
    "the first seal": ("DELETE FROM audit_sealed_month WHERE number = 1", "seal-order"),
    "what it said": (
        "UPDATE audit_entry SET detail = '{}' WHERE object_id = '2021-04'",
        "seal-entry",
    ),
    "a link come back": (
        "INSERT INTO audit_link VALUES ('2021-03-06', 5, 3, sha256(''))",
        "sealed-rows",
    ),
}


@pytest.mark.parametrize("name", ALTERATIONS)
async def test_a_seal_that_is_not_what_it_was_is_found(name: str, sealed: list[date]) -> None:
    change, code = ALTERATIONS[name]
    anchors.file().unlink()  # from inside the database alone
    with pytest.raises(Undo):
        async with db.transaction():
            await without_guards()
            await db.execute(change)
            assert code in {broken.code for broken in await breaks()}
            raise Undo
    assert await found() == []


async def test_seals_that_are_gone_are_missed_outside(sealed: list[date]) -> None:
    with pytest.raises(Undo):
        async with db.transaction():
            await without_guards()
            await db.execute("DELETE FROM audit_sealed_month")
            await db.execute("DELETE FROM audit_chain WHERE day < '2022-01-01'")
            assert {broken.code for broken in await breaks()} == {"gone"}
            raise Undo


async def test_a_month_with_a_break_is_never_dropped(database: None, signed_in_as: SignIn) -> None:
    for month in OLD:
        await a_month(month, own=False)
    async with db.transaction():
        await db.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        await db.execute(
            "UPDATE audit_entry SET subject = 'x' WHERE day = '2021-03-06' AND seq = 2"
        )
        await db.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")
    assert await retention.drop_old() == [OLD[1]]
    assert await db.fetchval("SELECT count(*) FROM audit_entry WHERE day < '2021-04-01'") == 6
    auditor: Browser = await signed_in_as("auditadmin")
    page = (await auditor.get("/audit/anchors?lang=en")).text
    assert "do not verify, and stay: 2021-03" in " ".join(page.split())
    assert (await found())[0].code == "altered"


async def test_only_what_a_month_was_sealed_for_may_be_deleted(sealed: list[date]) -> None:
    await a_month(date(2021, 5, 1), own=False)
    for table in ("audit_entry", "audit_link", "audit_chain"):
        with pytest.raises(Exception, match="append-only"):
            await db.execute(f"DELETE FROM {table} WHERE day >= '2021-05-01'")
    with pytest.raises(Exception, match="append-only"):
        await db.execute("DELETE FROM audit_chain WHERE day < '2021-05-01'")


async def test_the_law_s_six_months_cannot_be_undercut(database: None) -> None:
    with pytest.raises(BadValue):
        await site_settings.change("audit.keep_days", "182")
    await site_settings.change("audit.keep_days", "183")
    today = clock.now().date()
    young = (today - timedelta(days=150)).replace(day=1)
    await a_month(young, own=False)
    assert await retention.drop_old() == []


async def test_a_month_goes_only_when_its_last_day_is_old_enough(database: None, at: Any) -> None:
    await a_month(date(2026, 1, 1), own=False)
    await site_settings.change("audit.keep_days", "183")
    at(clock.at(date(2026, 8, 2), clock.now().time()))
    assert await retention.drop_old() == []
    at(clock.at(date(2026, 8, 4), clock.now().time()))
    assert await retention.drop_old() == [date(2026, 1, 1)]


@pytest.mark.commits
async def test_a_month_that_is_read_waits_for_the_next_day(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", "50ms")
    await a_month(OLD[0], own=True)
    async with db.own_snapshot() as reader:
        await reader.fetch("SELECT FROM audit_entry LIMIT 1")
        assert await retention.drop_old() == []
    assert await found() == []
    assert await retention.drop_old() == [OLD[0]]
    assert await found() == []
