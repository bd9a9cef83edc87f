"""The heads kept outside the database: what a forger with all rights in it cannot undo (AU-1)."""

import json
import stat
from collections.abc import Callable

import pytest

from portal.core import anchors, audit, chains, db
from tests.core.test_audit import Undo, act, breaks, without_guards

pytestmark = pytest.mark.charter("AU-1")


async def found() -> list[chains.Break]:
    async with db.transaction():
        return await breaks()


async def forge(number: int) -> None:
    """Everything behind this entry is forgotten, and the chain's head put back: nothing inside shows it."""
    await without_guards()
    for table in ("audit_entry", "audit_link"):
        await db.execute(f"DELETE FROM {table} WHERE seq > $1", number)
    await db.execute(
        "UPDATE audit_chain c SET length = $1, head = (SELECT hash FROM audit_link l "
        "WHERE (l.day, l.lane, l.seq) = (c.day, c.lane, $1))",
        number,
    )


async def test_a_tail_that_is_cut_with_care_is_found(database: None) -> None:
    for _ in range(5):
        await act()
    await anchors.keep()
    assert await found() == []
    await forge(3)
    (broken,) = await found()
    assert (broken.seq, broken.reason) == (
        5,
        "the chain is not the one whose head was kept outside the database",
    )


async def test_without_the_kept_head_it_would_not_be(database: None) -> None:
    """The control: from inside, the shorter chain is a good one."""
    for _ in range(5):
        await act()
    await forge(3)
    assert await found() == []


async def test_a_chain_worked_out_anew_is_found(database: None) -> None:
    for number in range(4):
        await act(object_id=number)
    await anchors.keep()
    await without_guards()
    for table in ("audit_entry", "audit_link", "audit_chain"):
        await db.execute(f"DELETE FROM {table}")
    for number in range(9):
        await act(object_id=f"forged {number}")
    (broken,) = await found()
    assert broken.seq == 4


async def test_a_whole_chain_that_is_gone_is_found(database: None) -> None:
    await act()
    await anchors.keep()
    await without_guards()
    for table in ("audit_entry", "audit_link", "audit_chain"):
        await db.execute(f"DELETE FROM {table}")
    (broken,) = await found()
    assert broken.code == "gone"


async def test_a_chain_that_goes_on_is_good(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await anchors.keep()
    assert anchors.read() == {}
    for lane in (1, 2):
        monkeypatch.setattr(audit, "_lane", lane)
        for _ in range(3):
            await act()
            await anchors.keep()
    for _ in range(3):
        await act()
    assert await found() == []
    assert {lane: anchor.length for (_day, lane), anchor in anchors.read().items()} == {1: 3, 2: 3}
    assert stat.S_IMODE(anchors.file().stat().st_mode) == 0o600
    assert [path.name for path in anchors.file().parent.glob(".audit*")] == []


async def test_what_is_undone_is_not_kept(database: None) -> None:
    await act()
    await anchors.keep()
    with pytest.raises(Undo):
        async with db.transaction():
            audit.record("test:act", "thing", 2)
            raise Undo
    await anchors.keep()
    assert [anchor.length for anchor in anchors.read().values()] == [1]


async def test_a_kept_head_is_not_taken_back(database: None) -> None:
    for _ in range(5):
        await act()
    await anchors.keep()
    await forge(2)
    await anchors.keep()
    assert [anchor.length for anchor in anchors.read().values()] == [5]
    assert len(await found()) == 1


ALTERATIONS: dict[str, Callable[[dict[str, object]], object]] = {
    "shorter": lambda line: line.update(length=1),
    "another head": lambda line: line.update(head="00" * 32),
    "no mark": lambda line: line.update(mark=""),
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
async def test_a_line_without_our_mark_is_no_proof(alteration: str, database: None) -> None:
    for _ in range(3):
        await act()
    await anchors.keep()
    line = json.loads(anchors.file().read_text())
    ALTERATIONS[alteration](line)
    anchors.file().write_text(json.dumps(line) + "\nnonsense\n{}\n[]\n")
    assert len(await found()) == 1


async def test_a_node_that_keeps_nothing_yet_verifies_all_the_same(database: None) -> None:
    await act()
    assert not anchors.file().exists()
    assert await found() == []
