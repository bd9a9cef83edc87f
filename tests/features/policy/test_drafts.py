"""Drafts of the policy: steps, undo, two people at once, a newer version meanwhile, release (PO-4)."""

import asyncio
from uuid import UUID

import pytest

from portal.core import db
from portal.core.context import Act, set_act
from portal.features.people import service as accounts
from portal.features.policy import drafts, rebasing, service
from portal.features.policy.drafts import Conflict, DraftGone, NothingToUndo, Outdated, Unsafe
from portal.web.permission import policy as in_force
from rbac.lines import EVERY, Grant
from rbac.permissions import Permission
from rbac.policy import shipped_policy
from rbac.reading import PolicyError
from tests.factories.people import PASSWORD, an_account

pytestmark = pytest.mark.charter("PO-4")

SHIPPED = shipped_policy(demo=True)
READ = "p, role:specialist, *, project, read, any, , allow"
WIDER = "p, role:colleague, *, project, read, any, , allow"
NEW = "p, role:gate, *, order, list, any, , allow"
OTHER = "p, role:gate, *, ticket, read, any, , allow"
KEY = UUID("5b1a2c3d-0000-4000-8000-000000000001")


def as_person(username: str) -> None:
    set_act(Act(username, 1))


@pytest.fixture
async def draft(database: None) -> int:
    as_person("secadmin")
    return await drafts.start("gate staff look orders up")


async def test_a_draft_begins_with_what_is_in_force(draft: int) -> None:
    begun = await drafts.get(draft)
    assert begun.text == SHIPPED.text
    assert (begun.base_version, begun.revision, begun.state) == (1, 0, "open")
    assert begun.authors == {"secadmin"}


async def test_a_repeated_key_is_one_draft(database: None) -> None:
    as_person("secadmin")
    made = [await drafts.start("once", key=KEY) for _ in range(2)]
    assert made[0] == made[1]
    assert len(await drafts.living()) == 1


async def test_a_step_replaces_a_line_where_it_stood(draft: int) -> None:
    at = (await drafts.get(draft)).lines.index(READ)
    assert await drafts.change(draft, remove=[READ], add=[WIDER]) == 1
    changed = await drafts.get(draft)
    assert changed.lines[at] == WIDER
    assert READ not in changed.lines
    [step] = await drafts.steps(draft)
    assert (step.by, step.removed, step.added) == ("secadmin", (READ,), (WIDER,))


async def test_a_new_line_stands_below_the_one_it_was_put_near(draft: int) -> None:
    await drafts.change(draft, add=[NEW], near=READ)
    lines = (await drafts.get(draft)).lines
    assert lines[lines.index(READ) + 1] == NEW


async def test_a_line_is_kept_as_the_policy_writes_it(draft: int) -> None:
    await drafts.change(draft, add=["p,role:gate,*,order,list,any,,allow"])
    assert NEW in (await drafts.get(draft)).lines


async def test_the_same_change_again_is_no_step(draft: int) -> None:
    for _ in range(2):
        assert await drafts.change(draft, remove=[READ], add=[WIDER]) == 1
        assert await drafts.change(draft, add=[WIDER]) == 1
    assert len(await drafts.steps(draft)) == 1


async def test_what_does_not_hold_is_never_stored(draft: int) -> None:
    for line in ("p, role:gate, *, order, list, any, amount <, allow", "nonsense"):
        with pytest.raises(PolicyError):
            await drafts.change(draft, add=[line])
    assert (await drafts.get(draft)).revision == 0


async def test_undo_takes_steps_back_the_last_first(draft: int) -> None:
    before = (await drafts.get(draft)).text
    await drafts.change(draft, remove=[READ], add=[WIDER])
    await drafts.change(draft, add=[NEW])
    await drafts.change(draft, remove=[before.splitlines()[0]])
    await drafts.undo(draft)
    await drafts.undo(draft)
    assert NEW not in (await drafts.get(draft)).lines
    assert await drafts.undo(draft) == 6
    assert (await drafts.get(draft)).text == before
    with pytest.raises(NothingToUndo):
        await drafts.undo(draft)


async def test_who_changes_a_line_that_is_gone_learns_who_took_it(draft: int) -> None:
    as_person("ceo")
    await drafts.change(draft, remove=[READ], add=[WIDER])
    as_person("secadmin")
    with pytest.raises(Conflict) as told:
        await drafts.change(draft, remove=[READ], add=[NEW])
    assert (told.value.line, told.value.by) == (READ, "ceo")
    assert told.value.at is not None
    assert NEW not in (await drafts.get(draft)).lines
    assert (await drafts.get(draft)).authors == {"secadmin", "ceo"}


@pytest.mark.commits
async def test_people_who_change_other_lines_at_once_all_get_what_they_want(
    database: None,
) -> None:
    as_person("secadmin")
    draft = await drafts.start("together")
    actions = ("read", "resend", "list")
    wanted = [f"p, role:gate, {group}, order, list, any, , allow" for group in actions]

    async def add(line: str) -> None:
        as_person(line)
        await drafts.change(draft, add=[line])

    await asyncio.gather(*(add(line) for line in wanted))
    ended = await drafts.get(draft)
    assert set(wanted) <= set(ended.lines)
    assert ended.revision == len(wanted)


async def test_a_submitted_draft_stands_still_until_it_is_withdrawn(draft: int) -> None:
    with pytest.raises(drafts.Unchanged):
        await drafts.submit(draft)
    await drafts.change(draft, add=[NEW])
    await drafts.submit(draft)
    for act in (drafts.change(draft, add=[OTHER]), drafts.undo(draft), drafts.submit(draft)):
        with pytest.raises(DraftGone):
            await act
    await drafts.withdraw(draft)
    await drafts.change(draft, add=[OTHER])
    await drafts.drop(draft)
    with pytest.raises(DraftGone):
        await drafts.withdraw(draft)
    assert await drafts.living() == []


async def submitted(*lines: str) -> int:
    as_person("secadmin")
    draft = await drafts.start("gate staff look orders up")
    await drafts.change(draft, add=lines)
    await drafts.submit(draft)
    return draft


async def test_a_second_person_releases_and_it_is_in_force(database: None) -> None:
    draft = await submitted(NEW)
    ceo = await an_account("ceo")
    found = await drafts.get(draft)
    assert not await drafts.may_release(found, "secadmin")
    assert not await drafts.may_release(found, "director")
    assert await drafts.may_release(found, "ceo")
    as_person("ceo")
    with pytest.raises(drafts.WrongPassword):
        await drafts.release(draft, ceo, "a wrong password")
    assert not in_force.may_ever("gate1", Permission.ORDER_LIST)
    version = await drafts.release(draft, ceo, PASSWORD)
    assert (version, in_force.version) == (2, 2)
    assert in_force.may_ever("gate1", Permission.ORDER_LIST)
    with pytest.raises(DraftGone):
        await drafts.release(draft, ceo, PASSWORD)
    row = await db.fetchrow("SELECT * FROM policy_version WHERE version = 2")
    assert row is not None
    assert (row["released_by"], row["drafted_by"]) == ("ceo", "secadmin")


async def test_an_author_may_release_while_nobody_else_could(draft: int) -> None:
    alone = "\n".join(
        line for line in SHIPPED.text.splitlines() if "role:ceo, *, policy, release" not in line
    )
    await service.release(alone, "nobody else may release")
    assert await drafts.may_release(await drafts.get(draft), "secadmin")


async def test_whose_account_is_closed_is_no_second_person(draft: int) -> None:
    """Else nobody could ever change the policy again once the only other person has left."""
    await an_account("secadmin")
    await an_account("ceo")
    assert await drafts.releasers() == {"ceo", "secadmin"}
    assert not await drafts.may_release(await drafts.get(draft), "secadmin")
    await accounts.disable("ceo")
    assert await drafts.releasers() == {"secadmin"}
    assert await drafts.may_release(await drafts.get(draft), "secadmin")


async def test_what_breaks_an_assertion_is_not_released(database: None) -> None:
    opens = "p, role:manager, *, contract, open, any, , allow"
    draft = await submitted(opens)
    ceo = await an_account("ceo")
    with pytest.raises(Unsafe) as told:
        await drafts.release(draft, ceo, PASSWORD)
    assert {failure.assertion.name for failure in told.value.failures} == {"contracts"}
    assert in_force.version == 1
    assert (await drafts.get(draft)).state == "submitted"


async def test_a_draft_on_an_old_version_is_made_again_on_the_new_one(draft: int) -> None:
    first = SHIPPED.text.splitlines()[-1]
    await drafts.change(draft, remove=[READ, first], add=[WIDER])
    theirs = [line for line in SHIPPED.text.splitlines() if line != first]
    await service.release("\n".join([*theirs, "g, gate1, role:window, *"]), "meanwhile")
    with pytest.raises(Outdated):
        await drafts.submit(draft)
        await drafts.release(draft, await an_account("ceo"), PASSWORD)
    await drafts.withdraw(draft)
    rebased = await rebasing.rebase(draft)
    assert (rebased.base_version, rebased.missing) == (2, (first,))
    ended = await drafts.get(draft)
    assert {WIDER, "g, gate1, role:window, *"} <= set(ended.lines)
    assert READ not in ended.lines
    assert (await rebasing.rebase(draft)).revision == ended.revision


@pytest.mark.commits
async def test_of_two_releases_at_once_one_is_outdated(database: None) -> None:
    ceo = await an_account("ceo")
    both = [await submitted(NEW), await submitted(OTHER)]
    as_person("ceo")
    ends = await asyncio.gather(
        *(drafts.release(draft, ceo, PASSWORD) for draft in both), return_exceptions=True
    )
    assert sorted(type(end).__name__ for end in ends) == ["Outdated", "int"]
    assert in_force.version == 2


async def test_every_change_is_on_the_trail(draft: int) -> None:
    await drafts.change(draft, remove=[READ], add=[WIDER])
    rows = await db.fetch("SELECT act, object_type, object_id, detail::text FROM audit_entry")
    assert [tuple(row)[:3] for row in rows] == [("policy:draft", "policy_draft", str(draft))] * 2
    assert WIDER in rows[1]["detail"]


async def test_a_grant_is_a_line_like_others(draft: int) -> None:
    granted = ", ".join(Grant("gate1", "role:auditadmin", EVERY).tokens)
    await drafts.change(draft, add=[granted])
    assert granted in (await drafts.get(draft)).lines
