"""A change from its proposal to the day it is in force: lines, rights and posts keep step (PE-1)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest

from portal.core import clock, db
from portal.core.context import Act, set_act
from portal.features.people.organisation import posts, proposal, queries, service
from portal.features.people.organisation.effects import effects
from portal.features.people.organisation.proposal import Proposal, Recall, Refusal
from portal.features.policy import drafts
from portal.features.policy.service import release as release_policy
from portal.web.permission import policy
from rbac.facts import Facts
from rbac.lines import EVERY, SOLID, Grant
from rbac.policy import Policy
from tests.factories.organisation import DEPARTMENT, a_move, an_organisation, post_id
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.charter("PE-1")

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
STATE = "SELECT state FROM org_change WHERE id = $1"


def as_person(username: str) -> None:
    set_act(Act(username, 1))


@pytest.fixture
async def people(database: None) -> None:
    await an_organisation()
    as_person("hr")


async def release(draft: int) -> int:
    """As the security administrator and the CEO do it."""
    as_person("secadmin")
    await drafts.submit(draft)
    as_person("ceo")
    ceo = await db.fetchval("SELECT person FROM account WHERE username = 'ceo'")
    return await drafts.release(draft, ceo, PASSWORD)


async def filed(wish: Proposal) -> queries.Change:
    as_person("hr")
    found = await queries.change(await service.propose(wish))
    assert found
    return found


async def post_on(username: str, day: object) -> str | None:
    found: str | None = await db.fetchval(
        "SELECT p.code FROM post_holding h JOIN post p ON p.id = h.post JOIN account a ON a.person = h.person "
        "WHERE a.username = $1 AND h.in_post_since <= $2 AND (h.until IS NULL OR h.until > $2)",
        username,
        day,
    )
    return found


def may_read_log(subject: str, at: datetime) -> bool:
    return policy.decide(subject, "work_log:read", Facts(owner="proc1"), at).allowed


async def test_the_plan_is_the_sum_of_the_posts(people: None) -> None:
    structure = await queries.structure(clock.today())
    assert (structure.plan, structure.held, structure.vacant) == (19, 19, 0)
    await db.execute("UPDATE post SET headcount = 6 WHERE code = 'specialist_operations'")
    structure = await queries.structure(clock.today())
    assert (structure.plan, structure.vacant) == (20, 1)


@pytest.mark.charter("PE-1", "PO-4")
async def test_a_move_is_a_draft_and_in_force_from_its_day(
    people: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    day = clock.today() + timedelta(days=5)
    start = clock.at(day, time())
    change = await filed(await a_move(on=day))
    assert change.draft
    draft = await drafts.get(change.draft)
    assert (draft.kind, draft.state, draft.authors) == ("organisation", "open", {"hr"})
    assert draft.title.endswith("short of hands"), "whoever releases it reads why"
    assert await post_on("proc1", day) == "specialist_procurement", "nothing before the release"
    version = await release(change.draft)
    settled = await queries.change(change.id)
    assert settled
    assert (settled.shown_state, settled.version) == ("scheduled", version)
    assert await post_on("proc1", day - timedelta(days=1)) == "specialist_procurement"
    assert await post_on("proc1", day) == "specialist_operations"
    before = start - timedelta(seconds=1)
    managers = ("manager.procurement", "manager.systems")
    assert [may_read_log(who, before) for who in managers] == [True, False]
    assert [may_read_log(who, start) for who in managers] == [False, True]
    at(start)
    assert [may_read_log(who, clock.now()) for who in managers] == [False, True]
    settled = await queries.change(change.id)
    assert settled
    assert settled.shown_state == "done"


async def test_the_preview_names_who_gains_and_loses_what(people: None) -> None:
    planned = await proposal.plan(await a_move())
    told = {effect.person: effect for effect in planned.effects()}
    assert set(told) == {"proc1", "director", "manager.procurement", "manager.systems"}
    mover = told["proc1"]
    assert ("incident:acknowledge", ("operations",)) in [
        (a.permission, a.groups) for a in mover.gained
    ]
    assert "contract:file" in [ability.permission for ability in mover.lost]
    read_log = [a for a in told["manager.systems"].gained if a.permission == "work_log:read"]
    assert [ability.people for ability in read_log] == [("proc1",)]
    assert "work_log:read" in [a.permission for a in told["manager.procurement"].lost]
    assert "work_log:read" not in [a.permission for a in told["director"].gained], (
        "by the line above"
    )
    assert not await db.fetchval("SELECT EXISTS (SELECT FROM org_change)")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"superior": None}, "superior", "superior-needed"),
        ({"superior": "proc1"}, "superior", "oneself"),
        ({"superior": "nobody"}, "superior", "not-active"),
        ({"duals": ("manager.systems",)}, "dual_1", "same-superior"),
        ({"post": 999_999}, "post", "required"),
        ({"kind": "join"}, "person", "has-a-post"),
        ({"person": "nobody"}, "person", "no-such-person"),
        ({"person": "director", "superior": "ops1", "duals": ()}, "superior", "circle"),
        (
            {"kind": "leave", "person": "manager.systems", "superior": None, "duals": ()},
            "heir",
            "left-without-superior",
        ),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field(
    people: None, change: dict[str, object], field: str, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await service.propose(replace(await a_move(), **change))  # type: ignore[arg-type]
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not await db.fetchval("SELECT EXISTS (SELECT FROM org_change)")
    assert not await drafts.living()


async def test_days_that_cannot_be(people: None) -> None:
    today = clock.today()
    for day, code in (
        (today - timedelta(days=1), "day-is-over"),
        (today + timedelta(days=400), "day-too-far"),
    ):
        with pytest.raises(Refusal, match=code):
            await service.propose(await a_move(on=day))


async def test_a_superior_must_be_there_and_stay(people: None) -> None:
    await db.execute("UPDATE account SET disabled_at = now() WHERE username = 'manager.systems'")
    with pytest.raises(Refusal, match="not-active"):
        await service.propose(await a_move())
    await db.execute("UPDATE account SET disabled_at = NULL")
    await db.execute(
        "UPDATE person SET left_on = $1 FROM account a WHERE a.person = person.id AND a.username = 'manager.systems'",
        clock.today() + timedelta(days=30),
    )
    with pytest.raises(Refusal, match="leaves"):
        await service.propose(await a_move())


async def test_a_repeated_form_is_one_proposal_and_a_second_one_waits(people: None) -> None:
    wish = await a_move()
    first = await service.propose(wish)
    assert await service.propose(wish) == first
    with pytest.raises(Refusal, match="already-proposed"):
        await service.propose(replace(wish, key=uuid4()))
    assert len(await drafts.living()) == 1


@pytest.mark.commits
async def test_of_two_proposals_at_once_one_is_filed(database: None) -> None:
    await an_organisation("proc1", "manager.procurement", "manager.systems", "director")
    wishes = [await a_move() for _ in range(4)]
    found = await asyncio.gather(*map(service.propose, wishes), return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["Refusal", "Refusal", "Refusal", "int"]
    assert await db.fetchval("SELECT count(*) FROM policy_draft") == 1


async def test_a_long_reason_fits_a_title(people: None) -> None:
    change = await filed(replace(await a_move(), reason="why " * 120))
    assert change.draft
    assert len((await drafts.get(change.draft)).title) == 200


async def test_a_withdrawn_proposal_drops_its_draft(people: None) -> None:
    change = await filed(await a_move())
    assert change.draft
    assert await service.withdraw(change.id)
    assert (await drafts.get(change.draft)).state == "dropped"
    assert await db.fetchval(STATE, change.id) == "withdrawn"
    assert not await service.withdraw(change.id), "once"
    await filed(await a_move())


@pytest.mark.commits
async def test_withdrawn_and_released_at_once_is_one_of_the_two(database: None) -> None:
    """Neither waits for the other for ever, and post, lines and proposal tell the same."""
    await an_organisation("proc1", "manager.procurement", "manager.systems", "director", "ceo")
    ceo = await db.fetchval("SELECT person FROM account WHERE username = 'ceo'")

    async def withdrawing(change: int) -> bool:
        as_person("hr")
        return await service.withdraw(change)

    async def releasing(draft: int) -> bool:
        as_person("ceo")
        try:
            await drafts.release(draft, ceo, PASSWORD)
        except drafts.DraftGone:
            return False
        return True

    for delay in (0.0, 0.02, 0.05):
        change = await filed(await a_move())
        assert change.draft
        as_person("secadmin")
        await drafts.submit(change.draft)

        async def later(change_id: int, seconds: float) -> bool:
            await asyncio.sleep(seconds)
            return await withdrawing(change_id)

        withdrawn, released = await asyncio.gather(later(change.id, delay), releasing(change.draft))
        assert withdrawn is not released
        state = await db.fetchval(STATE, change.id)
        assert state == ("withdrawn" if withdrawn else "released")
        moved_on = await post_on("proc1", clock.today()) == "specialist_operations"
        assert moved_on is released is may_read_log("manager.systems", clock.now())
        if released:
            break


async def test_a_dropped_draft_refuses_the_proposal(people: None) -> None:
    change = await filed(await a_move())
    as_person("secadmin")
    assert change.draft
    await drafts.drop(change.draft)
    assert await db.fetchval(STATE, change.id) == "refused"
    assert await post_on("proc1", clock.today()) == "specialist_procurement"


async def test_what_an_assertion_forbids_is_told_and_never_released(people: None) -> None:
    """The director for the CEO would give two of the three signatures."""
    deputy = replace(
        await a_move("director"), kind="acting", post=None, superior=None, duals=(), absent="ceo",
        until_on=clock.today() + timedelta(days=7),
    )  # fmt: skip
    told = (await proposal.plan(deputy)).forbidden()
    assert {(failure.assertion.name, failure.subject) for failure in told} == {
        ("signatures", "director")
    }
    acting = await filed(deputy)
    assert acting.draft
    with pytest.raises(drafts.Unsafe):
        await release(acting.draft)
    assert await db.fetchval(STATE, acting.id) == "proposed"
    assert policy.version == 1


async def test_who_leaves_hands_their_people_over(people: None) -> None:
    wish = replace(
        await a_move("manager.systems"),
        kind="leave",
        post=None,
        superior=None,
        duals=(),
        heir="ops1",
    )
    change = await filed(wish)
    assert change.draft
    await release(change.draft)
    assert await post_on("manager.systems", clock.today()) is None
    standing = queries.compiled().standing()
    led = {r.person for r in standing.register.led("ops1", standing.start) if r.line == SOLID}
    assert led == {name for name in DEPARTMENT if name.startswith(("ops", "tech"))} - {"ops1"}
    assert not policy.may_ever("manager.systems", "approval:decide")


async def test_a_post_alone_changes_at_once_without_a_release(people: None) -> None:
    """Nothing of the policy is touched, so nobody must release anything."""
    await db.execute(
        "UPDATE post SET role = 'role:specialist', role_groups = '{procurement}' WHERE code = 'gate_staff'"
    )
    change = await filed(await a_move("proc1", "gate_staff", "manager.procurement", ()))
    assert (change.draft, change.shown_state) == (None, "done")
    assert await post_on("proc1", clock.today()) == "gate_staff"
    assert policy.version == 1


async def test_a_newcomer_joins(people: None) -> None:
    await db.execute("INSERT INTO person (name) VALUES ('新人')")
    person = await db.fetchval("SELECT max(id) FROM person")
    await db.execute(
        "INSERT INTO account (person, username, password_hash) VALUES ($1, 'newbie', 'x')", person
    )
    wish = replace(await a_move(), kind="join", person="newbie")
    change = await filed(wish)
    assert change.draft
    await release(change.draft)
    assert await post_on("newbie", clock.today()) == "specialist_operations"
    assert policy.decide("newbie", "incident:acknowledge").allowed
    with pytest.raises(Refusal, match="has-a-post"):
        await service.propose(replace(wish, key=uuid4(), post=await post_id("gate_staff")))


async def test_nobody_holds_two_posts_at_once(people: None) -> None:
    """Said to the database, whatever the program does."""
    with pytest.raises(Exception, match="post_holding_int4range_daterange_excl"):
        await posts.place("ops1", "gate_staff", clock.today())


async def test_a_released_change_is_called_off_before_its_day(people: None) -> None:
    day = clock.today() + timedelta(days=20)
    shipped = queries.compiled().policy.lines
    change = await filed(await a_move(on=day))
    assert change.draft
    with pytest.raises(Refusal, match="not-scheduled"):
        await service.recall(Recall(change.id, "too early", uuid4()))
    await release(change.draft)
    assert await post_on("proc1", day) == "specialist_operations"
    as_person("hr")
    wish = Recall(change.id, "not needed", uuid4())
    recalled = await service.recall(wish)
    assert await service.recall(wish) == recalled
    filed_recall = await queries.change(recalled)
    assert filed_recall
    assert filed_recall.draft
    assert await post_on("proc1", day) == "specialist_operations", "nothing before the release"
    await release(filed_recall.draft)
    assert await post_on("proc1", day) == "specialist_procurement"
    assert set(queries.compiled().policy.lines) == set(shipped)
    assert await db.fetchval(STATE, change.id) == "recalled"
    assert not may_read_log("manager.systems", clock.at(day, time()))
    await filed(await a_move(on=day))


async def test_who_leaves_and_is_called_back_stays(people: None) -> None:
    day = clock.today() + timedelta(days=20)
    leave = replace(await a_move("ops5", on=day), kind="leave", post=None, superior=None, duals=())
    change = await filed(leave)
    assert change.draft
    await release(change.draft)
    assert await post_on("ops5", day) is None
    as_person("hr")
    recalled = await queries.change(await service.recall(Recall(change.id, "stays", uuid4())))
    assert recalled
    assert recalled.draft
    await release(recalled.draft)
    assert await post_on("ops5", day) == "specialist_operations"
    assert not await db.fetchval("SELECT EXISTS (SELECT FROM person WHERE left_on IS NOT NULL)")


async def test_a_role_granted_apart_from_the_post_stays_and_is_told(people: None) -> None:
    lines = policy.snapshot.compiled.policy.with_grants(  # type: ignore[union-attr]
        [Grant("proc1", "role:window", EVERY)]
    )
    await release_policy(lines.text, "a second duty")
    planned = await proposal.plan(await a_move())
    assert [(grant.role, grant.group) for grant in planned.kept()] == [("role:window", EVERY)]


async def test_a_policy_that_moved_meanwhile_is_told(people: None) -> None:
    """This process has not heard of the newest version yet."""
    wish = await a_move()
    line = "g2, proc1, manager.procurement"
    text = queries.compiled().policy.text.replace(line + "\n", "g2, proc1, director\n")
    await db.execute(
        "INSERT INTO policy_version (version, lines, reason, released_by, released_at) "
        "VALUES (2, $1, 'elsewhere', 'ceo', $2)",
        text,
        clock.now(),
    )
    with pytest.raises(Refusal, match="stale"):
        await service.propose(wish)
    assert not await drafts.living()


def test_who_may_something_everywhere_has_lost_it_nowhere() -> None:
    """A wider permission takes the place of a narrower one; the control: a narrower one that goes is told."""
    rules = (
        "p, role:wide, *, task, read, any, , allow\np, role:own, *, task, read, owner, , allow\n"
    )
    narrow = Policy.parse(rules + "g, somebody, role:own, *\n")
    both = Policy.parse(rules + "g, somebody, role:own, *\ng, somebody, role:wide, *\n")
    none = Policy.parse(rules)
    (widened,) = effects(narrow, both, ["somebody"], clock.now())
    assert ([ability.own for ability in widened.gained], widened.lost) == ([False], ())
    (narrowed,) = effects(both, narrow, ["somebody"], clock.now())
    assert (narrowed.gained, [ability.own for ability in narrowed.lost]) == ((), [False])
    (gone,) = effects(narrow, none, ["somebody"], clock.now())
    assert [ability.own for ability in gone.lost] == [True]
