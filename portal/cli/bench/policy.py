"""``portal bench policy``: what a decision costs when the department has become a company."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from statistics import median

import rich_click as click

from portal.cli.bench import nodes
from portal.cli.bench.area import scratch_area
from portal.core import db
from rbac.compiled import CompiledPolicy
from rbac.enforcer import Reference
from rbac.facts import Facts
from rbac.lines import ALLOW, DENY, DUAL, EVERY, SOLID, Tokens, written
from rbac.permissions import Permission
from rbac.policy import Policy

ROLES = 200
GROUPS = 50
PERMISSIONS = tuple(Permission)[:60]  # so that several rules on each reach a person
FEW = 40  # people who stay in the processor's cache
LED = 8  # people who report to one
STOCK_PEOPLE = 60  # Casbin's own role manager takes quadratic time to prepare
CONDITIONS = (
    "",
    "",
    "amount < 10000000",
    "amount >= 10000000 and amount <= 50000000",
    "kind in ('spending', 'emergency')",
    "not final",
)
RELATIONS = (
    "any",
    "owner",
    "party",
    "group",
    "superior",
    "direct & !requester",
    "own_group & !owner",
)
AT = datetime(2026, 1, 1, tzinfo=UTC)

Request = tuple[str, Permission, Facts]


@click.command()
@click.option("--rules", default=5_000, show_default=True, type=click.IntRange(100, 100_000))
@click.option("--people", default=5_000, show_default=True, type=click.IntRange(100, 100_000))
@click.option("--lines", default=50_000, show_default=True, type=click.IntRange(1_000, 1_000_000))
@click.option("--decisions", default=200_000, show_default=True, type=click.IntRange(1_000))
@click.option("--stock", default=20, show_default=True, help="Decisions asked of stock Casbin.")
@click.option("--releases", default=20, show_default=True, help="On two nodes; 0 starts none.")
def policy(  # noqa: PLR0913  the options of a command
    *, rules: int, people: int, lines: int, decisions: int, stock: int, releases: int
) -> None:
    """A decision, the first one of a person, loading, what stock Casbin takes for the same; a release on two nodes."""
    random = Random(1)  # noqa: S311  the same policy in each run
    drawn = Policy.from_lines(_lines(random, rules, people))
    compiled = CompiledPolicy(drawn)
    asked = [_request(random, people) for _ in range(min(decisions, 20_000))]
    click.echo(f"{len(drawn.rules):,} rules, {people:,} people, {len(drawn.lines):,} lines")

    allowed = sum(compiled.decide(*each).allowed for each in asked)  # also warms up
    decision = _each(compiled, asked, decisions)
    click.echo(
        f"a decision                  {decision * 1e6:10.2f} µs   "
        f"(people and records at random, {allowed / len(asked):.0%} allowed)"
    )
    again = _each(compiled, asked[:FEW], decisions)
    click.echo(f"the same few again          {again * 1e6:10.2f} µs   ({FEW} of them)")
    first = sorted(_first_decisions(drawn, random, people))
    click.echo(
        f"the first of a person       {median(first) * 1e3:10.2f} ms   "
        f"(slowest of {len(first)}: {first[-1] * 1e3:.2f} ms)"
    )
    text = "".join(f"{written(line)}\n" for line in _many_lines(random, lines))
    loads = [_seconds(lambda: CompiledPolicy(Policy.parse(text))) for _ in range(5)]
    click.echo(
        f"load {text.count(chr(10)):,} lines           {min(loads):10.2f} s    "
        f"(of {len(loads)}; slowest {max(loads):.2f} s)"
    )
    _compare_with_stock(drawn, random, stock, decision)
    if releases:
        _release_on_two_nodes(releases)


def _release_on_two_nodes(number: int) -> None:
    """Two nodes of the real portal on one database: from the commit until the last of them decides by it."""
    with scratch_area():
        done = asyncio.run(_released(number))
    everywhere = sorted(release.everywhere for release in done)
    click.echo(
        f"a release, until committed  {median(release.commit for release in done) * 1e3:10.1f} ms"
    )
    click.echo(
        f"then in force on two nodes  {median(everywhere) * 1e3:10.1f} ms   "
        f"(slowest of {len(done)}: {everywhere[-1] * 1e3:.1f} ms)"
    )


async def _released(number: int) -> list[nodes.Release]:
    await db.open_pool()
    try:
        async with nodes.serving_nodes(2) as ports:
            return await nodes.measured(ports, number)
    finally:
        await db.close_pool()


def _each(compiled: CompiledPolicy, asked: list[Request], number: int) -> float:
    """Seconds for one decision, of the best of several goes."""
    goes = 5
    rounds = max(1, number // len(asked) // goes)

    def go() -> None:
        for _ in range(rounds):
            for each in asked:
                compiled.decide(*each)

    return min(_seconds(go) for _ in range(goes)) / (rounds * len(asked))


def _compare_with_stock(drawn: Policy, random: Random, number: int, decision: float) -> None:
    """The same rules for a few of the people, judged by ``Enforcer.enforce``: equal, and how much slower."""
    few = {f"u{number}" for number in range(STOCK_PEOPLE)}
    part = Policy(
        drawn.rules,
        drawn.inclusions,
        tuple(grant for grant in drawn.grants if grant.person in few),
        tuple(report for report in drawn.reports if {report.person, report.superior} <= few),
    )
    reference, compiled = Reference(part, AT), CompiledPolicy(part)
    asked = [_request(random, STOCK_PEOPLE) for _ in range(number)]
    reference.allows(*asked[0])  # it builds its role managers when first asked
    answers: list[bool] = []
    taken = _seconds(lambda: answers.extend(reference.allows(*each) for each in asked))
    stock = taken / number
    click.echo(f"stock Enforcer.enforce      {stock * 1e3:10.2f} ms   ({number} asked)")
    click.echo(f"ratio                       {stock / decision:10,.0f}")
    if answers != [compiled.decide(*each, at=AT).allowed for each in asked]:
        raise click.ClickException("the compiled policy and stock Casbin disagree")


def _seconds(act: Callable[[], object]) -> float:
    """Time of this process: what else the machine does is not counted."""
    started = time.process_time()
    act()
    return time.process_time() - started


def _first_decisions(drawn: Policy, random: Random, people: int) -> Iterator[float]:
    """Ask for people of whom nothing was worked out yet."""
    compiled = CompiledPolicy(drawn)
    for person in random.sample(range(people), min(people, 500)):
        _subject, permission, facts = _request(random, people)
        yield _seconds(lambda: compiled.decide(f"u{person}", permission, facts))  # noqa: B023


def _many_lines(random: Random, number: int) -> list[Tokens]:
    """Lines in the proportion of a real policy: two in five are rules."""
    return _lines(random, 2 * number // 5, number // 4)[:number]


def _lines(random: Random, rules: int, people: int) -> list[Tokens]:
    roles = [f"role:r{number}" for number in range(ROLES)]
    groups = [f"group{number}" for number in range(GROUPS)]
    found: dict[Tokens, None] = {}
    while len(found) < rules:
        permission = random.choice(PERMISSIONS)
        effect = DENY if random.random() < 1 / 20 else ALLOW
        found[
            "p",
            random.choice(roles),
            random.choice((EVERY, EVERY, *groups[:3])),
            permission.resource,
            permission.action,
            random.choice(RELATIONS),
            random.choice(CONDITIONS),
            effect,
        ] = None
    for number, role in enumerate(roles[1:], 1):
        if number % LED:  # ladders of eight
            found["g", roles[number - 1], role, EVERY] = None
    for number in range(people):
        person = f"u{number}"
        for _ in range(2):
            found["g", person, random.choice(roles), random.choice((EVERY, *groups))] = None
        if number:
            found[SOLID, person, f"u{(number - 1) // LED}"] = None
        if number > LED and number % 3 == 0:
            found[DUAL, person, f"u{(number - 1) // (LED + 1)}"] = None
    return list(found)


def _request(random: Random, people: int) -> Request:
    owner = random.randrange(people)
    facts = Facts(
        owner=f"u{owner}",
        requester=f"u{random.randrange(people)}",
        group=f"group{random.randrange(GROUPS)}",
        parties=frozenset({f"u{owner // LED}"}),
        attributes={
            "amount": random.choice((500, 20_000_000, 90_000_000)),
            "kind": random.choice(("spending", "other")),
            "final": random.random() < 1 / 2,
        },
    )
    return f"u{random.randrange(people)}", random.choice(PERMISSIONS), facts
