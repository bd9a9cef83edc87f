"""What is shown before a release: lines, people, decisions of the past, assertions, findings (PO-4, PO-5)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from portal.core import audit, clock, db
from portal.core.context import Act, set_act
from portal.core.i18n import set_language
from portal.features.policy import drafts, replay
from portal.features.policy.review import Review, line_differences, review
from portal.web.actor import Actor
from portal.web.permission import Refused, allow
from rbac.changes import Effect
from rbac.compiled import CompiledPolicy
from rbac.facts import NOBODY, Facts
from rbac.permissions import Permission
from rbac.policy import Policy, shipped_policy
from tests.factories.people import an_account

pytestmark = pytest.mark.charter("PO-5", "PO-4")

SHIPPED = shipped_policy(demo=True)
CONTRACT = "p, role:director, *, contract, open, any, , allow"
RELEASE = "p, role:ceo, *, policy, release, !requester, , allow"
TIER = next(
    line for line in SHIPPED.text.splitlines() if "role:manager, *, approval, decide" in line
)
ENGLISH = "en"


@pytest.fixture
async def draft(database: None) -> AsyncIterator[int]:
    set_act(Act("secadmin", 1))
    set_language(ENGLISH)
    yield await drafts.start("a change")
    set_language("zh")


async def seen(draft: int, *, remove: str = "", add: str = "") -> Review:
    await drafts.change(draft, remove=[remove] if remove else [], add=[add] if add else [])
    return await review(await drafts.get(draft))


async def test_a_changed_line_stands_beside_what_it_was(draft: int) -> None:
    raised = TIER.replace("amount < 10000000", "amount < 20000000")
    [pair] = (await seen(draft, remove=TIER, add=raised)).lines
    assert pair.before
    assert pair.after
    assert "¥100,000" in pair.before.words
    assert "¥200,000" in pair.after.words
    assert (pair.before.line, pair.after.line) == (TIER, raised)


def test_lines_about_something_else_stand_alone() -> None:
    pairs = line_differences(
        Policy.parse("g, ann, role:manager, *\ng2, bob, ann"),
        Policy.parse("g, ann, role:manager, operations\ng, cid, role:manager, *"),
    )
    assert [[line and " ".join(line.tokens) for line in pair] for pair in pairs] == [
        ["g ann role:manager *", "g ann role:manager operations"],
        ["g2 bob ann", None],
        [None, "g cid role:manager *"],
    ]


async def test_people_are_named_who_gain_and_lose(draft: int) -> None:
    await an_account("director", name="程立")
    found = await seen(draft, remove=CONTRACT)
    [difference] = found.differences
    [group] = difference.concerned
    assert (group.people.names, group.people.number) == (("程立",), 1)
    [change] = group.of(Effect.LOST)
    assert change.words == "open a contract"
    assert change.before.always
    assert change.after.never


async def test_every_assertion_is_told_with_who_breaks_it(draft: int) -> None:
    found = await seen(draft, add=CONTRACT.replace("director", "manager"))
    assert len(found.assertions) > 20
    [failing] = found.failing
    assert failing.words == "Only the director opens contracts."
    assert any("manager" in failure for failure in failing.failures)


async def test_only_what_the_draft_brings_is_pointed_out(draft: int) -> None:
    twice = CONTRACT.replace("any, ,", "owner, ,")
    found = await seen(draft, add=twice)
    [finding] = found.findings
    assert finding.line.line == twice
    assert finding.other
    assert finding.other.line == CONTRACT
    assert found.older == 4  # roles that nobody holds yet


async def decided(subject: str, permission: Permission, facts: Facts, number: int = 1) -> None:
    """As a page does it: ask with the record, then act; or be refused."""
    set_act(Act(subject, 1))
    for turn in range(number):
        try:
            await allow(Actor(subject, person_id=1), permission, facts, "approval", turn)
        except Refused:
            continue
        async with db.transaction():
            audit.record(permission, "approval", turn)


def request_of(owner: str, amount: int) -> Facts:
    return Facts(
        owner=owner,
        requester=owner,
        group="operations",
        parties=frozenset(),
        attributes={"kind": "spending", "amount": amount, "step_up": False},
    )


async def test_decisions_of_the_past_are_made_again_on_their_facts(draft: int) -> None:
    decide = Permission.APPROVAL_DECIDE
    await decided("manager.systems", decide, request_of("ops1", 9_000_000), 3)
    await decided("manager.systems", decide, request_of("ops1", 500_000), 2)
    await decided("manager.systems", decide, request_of("ops1", 15_000_000))
    set_act(Act("secadmin", 1))
    lowered = TIER.replace("amount < 10000000", "amount < 1000000")
    found = await seen(draft, remove=TIER, add=lowered)
    [flip] = found.flips
    assert (flip.flip.subject, flip.flip.permission, flip.flip.allowed) == (
        "manager.systems",
        "approval:decide",
        False,
    )
    assert flip.flip.count == 3
    assert flip.flip.object_type == "approval"
    assert flip.flip.facts == request_of("ops1", 9_000_000)
    assert found.replay.on_records == 6
    assert found.replay.decisions == 8  # and the draft, begun and changed
    assert found.replay.judged == 4


async def test_a_refusal_of_the_past_may_become_a_yes(draft: int) -> None:
    await decided("manager.systems", Permission.APPROVAL_DECIDE, request_of("ops1", 15_000_000), 2)
    set_act(Act("secadmin", 1))
    raised = TIER.replace("amount < 10000000", "amount < 20000000")
    [flip] = (await seen(draft, remove=TIER, add=raised)).flips
    assert (flip.flip.allowed, flip.flip.count) == (True, 2)


async def test_what_was_decided_at_the_door_is_judged_at_the_door(draft: int) -> None:
    set_act(Act("gate1", 1))
    for _ in range(2):
        await audit.refused("audit_trail:read", "route", "/audit")
    set_act(Act("secadmin", 1))
    [flip] = (await seen(draft, add="g, gate1, role:auditadmin, *")).flips
    assert (flip.flip.allowed, flip.flip.count, flip.flip.facts) == (True, 2, None)


async def test_a_line_to_come_flips_from_its_day_on(draft: int) -> None:
    set_act(Act("gate1", 1))
    await audit.refused("audit_trail:read", "route", "/audit")
    set_act(Act("secadmin", 1))
    since = (clock.now() + timedelta(days=30)).replace(microsecond=0)
    found = await seen(draft, add=f"g, gate1, role:auditadmin, *, {since.isoformat()}")
    [flip] = found.flips
    assert flip.flip.since == since
    assert [difference.since for difference in found.differences] == [None, since]


async def test_jobs_and_failed_sign_ins_are_no_decisions(draft: int) -> None:
    set_act(Act("system"))
    async with db.transaction():
        audit.record("booking_block:create", "booking_block", 1)
    set_act(Act("gate1", 1))
    await audit.refused("session:login", "account", "gate1", reason="wrong-sign-in")
    async with db.transaction():
        audit.record("no:permission", "x", 1)
    before = await replay.replay(CompiledPolicy(SHIPPED), CompiledPolicy(SHIPPED))
    assert (before.decisions, before.flips) == (1, ())  # the draft of the fixture


async def test_a_draft_that_changes_nothing_flips_nothing(draft: int) -> None:
    """Whatever has become of the people since: gate1 acted with a role that it no longer has."""
    set_act(Act("gate1", 1))
    async with db.transaction():
        audit.record("audit_trail:export", "audit", "x")
    same = await replay.replay(CompiledPolicy(SHIPPED), CompiledPolicy(SHIPPED))
    assert same.flips == ()


async def test_the_trail_keeps_the_facts_and_nothing_of_visitors(draft: int) -> None:
    facts = Facts(
        owner=NOBODY,
        attributes={"channel": "online", "name": "张三", "amount": 5, "category": "x" * 70},
    )
    set_act(Act("director", 1))
    await allow(Actor("director", person_id=1), Permission.BOOKING_CANCEL, facts, "order", "A1")
    async with db.transaction():
        audit.record("booking:cancel", "order", "A1", places=2)
        audit.record("order:list", "day", "2026-01-01")
    kept = {
        row["act"]: row["detail"]
        for row in await db.fetch(
            "SELECT act, detail::text AS detail FROM audit_entry WHERE subject = 'director'"
        )
    }
    assert "张三" not in kept["booking:cancel"]
    assert kept["booking:cancel"] == (
        '{"facts": {"owner": "", "attributes": {"amount": 5, "channel": "online"}}, "places": 2}'
    )
    assert kept["order:list"] == "{}"
    set_act(Act("director", 1))  # another request
    async with db.transaction():
        audit.record("booking:cancel", "order", "A1")
    [_, again] = await db.fetch(
        "SELECT detail::text AS d FROM audit_entry WHERE act = 'booking:cancel' ORDER BY seq"
    )
    assert again["d"] == "{}"


async def test_a_review_of_the_demo_takes_less_than_half_a_second(draft: int) -> None:
    import time  # noqa: PLC0415

    started = time.process_time()
    found = await seen(draft, remove=TIER, add=TIER.replace("10000000", "20000000"))
    assert time.process_time() - started < 1
    assert found.people == 3
    assert found.replay.first < datetime.now(UTC) - timedelta(days=89)  # noqa: TID251
