"""Random policies and requests that use everything the language has, the same for the same seed.

Small on purpose: few people, groups and permissions, so that rules meet, contradict and shadow each
other, and every request has several that nearly fit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from rbac.conditions import compile_condition
from rbac.facts import NOBODY, Facts
from rbac.lines import ALLOW, DENY, DUAL, EVERY, SOLID
from rbac.policy import Policy
from rbac.reading import PolicyError
from rbac.relations import LINE_TERMS, Term

PEOPLE = ("visitor", *(f"p{number}" for number in range(14)))
ROLES = tuple(f"role:r{number}" for number in range(7))
GROUPS = ("procurement", "operations", "technology")
PERMISSIONS = ("approval:decide", "approval:read", "work_log:read", "order:read", "order:list")
PATTERNS = (*PERMISSIONS, "approval:*", "*:read", "*:*")
CONDITIONS = (
    "amount < 10000000",
    "amount >= 10000000 and amount <= 50000000",
    "kind in ('spending', 'emergency') and amount > 50000000",
    "kind == 'spending' or not final",
    "amount / age_days > 100",
    "amount // (age_days - 3) >= 5 and step_up",
    "severity in ('P1', 'P2')",
    "not (final and step_up)",
    "likelihood * impact > 12",
    "score - 5 == -impact",
)
START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 20


@dataclass(frozen=True, slots=True)
class Request:
    subject: str
    permission: str
    facts: Facts
    at: datetime


def a_policy(seed: int, rules: int = 26) -> Policy:
    """Return a policy with deny, deputies with dates, both kinds of lines, groups and conditions."""
    random = Random(seed)  # noqa: S311  a test repeats itself
    while True:
        try:
            return Policy.from_lines(set(_lines(random, rules)))
        except PolicyError:  # roles or lines ran in a circle: another throw
            continue


def _lines(random: Random, rules: int) -> Iterator[tuple[str, ...]]:
    for _ in range(rules):
        yield _rule(random)
    for lower, higher in _pairs(random, ROLES, 6):
        yield "g", lower, higher, EVERY
    for person in PEOPLE:
        for _ in range(random.choice((0, 1, 1, 2))):
            yield from _grant(random, person)
    people = PEOPLE[1:]
    for line, number in ((SOLID, 11), (DUAL, 6)):
        for person, superior in _pairs(random, people, number):
            yield line, person, superior, *_window(random)


def _rule(random: Random) -> tuple[str, ...]:
    subject = random.choice((*ROLES, *ROLES, random.choice(PEOPLE)))
    group = random.choice((EVERY, EVERY, *GROUPS)) if subject in ROLES else EVERY
    resource, _, action = random.choice(PATTERNS).partition(":")
    condition = random.choice(CONDITIONS) if random.random() < 0.5 else ""
    effect = DENY if random.random() < 0.2 else ALLOW
    return "p", subject, group, resource, action, _relation(random), condition, effect


def _relation(random: Random) -> str:
    terms = random.sample(list(Term), random.choice((0, 0, 1, 1, 1, 2, 3)))
    return "&".join(random.choice(("", "", "!")) + term for term in terms) or "any"


def _grant(random: Random, person: str) -> Iterator[tuple[str, ...]]:
    role, group = random.choice(ROLES), random.choice((EVERY, *GROUPS))
    yield "g", person, role, group, *_window(random)
    if random.random() < 0.5:
        since, until = _window(random, always=0.2)
        yield "g", person, random.choice(ROLES), group, since, until, random.choice(PEOPLE[1:])


def _window(random: Random, always: float = 0.6) -> tuple[str, str]:
    if random.random() < always:
        return "", ""
    first = random.randrange(DAYS)
    last = first + random.randrange(1, DAYS)
    ends = [(START + timedelta(days=day)).isoformat() for day in (first, last)]
    return random.choice(((ends[0], ends[1]), ("", ends[1]), (ends[0], "")))


def _pairs(random: Random, names: tuple[str, ...], number: int) -> Iterator[tuple[str, str]]:
    """Pairs that mostly lead one way, so that circles are rare but possible."""
    for _ in range(number):
        first, second = sorted(random.sample(range(len(names)), 2))
        if random.random() < 0.03:
            first, second = second, first
        yield names[first], names[second]


def moments() -> tuple[datetime, ...]:
    """Instants before, at, between and after those at which lines begin and end."""
    half_days = range(-5, 4 * DAYS + 2, 5)
    return tuple(START + timedelta(hours=12 * half) for half in half_days)


def requests(seed: int, number: int) -> Iterator[Request]:
    random = Random(seed)  # noqa: S311
    instants = moments()
    for _ in range(number):
        yield Request(
            random.choice((*PEOPLE, "stranger")),
            random.choice(PERMISSIONS),
            a_record(random),
            random.choice(instants),
        )


def requests_on(policy: Policy, seed: int, number: int) -> Iterator[Request]:
    """Requests of a policy's own people for its own permissions, often on something of their own."""
    random = Random(seed)  # noqa: S311
    people = tuple(sorted(policy.subjects))
    permissions = sorted({rule.permission for rule in policy.rules if EVERY not in rule[2:4]})
    for _ in range(number):
        subject = random.choice(people)
        facts = a_record(random, (*people, *(subject,) * len(people)))
        yield Request(subject, random.choice(permissions), facts, START)


def a_record(random: Random, people: tuple[str, ...] = PEOPLE) -> Facts:
    """Return facts of which some are not known and some say that there is nobody."""
    somebody = (*people, NOBODY, None)
    return Facts(
        owner=random.choice(somebody),
        requester=random.choice(somebody),
        group=random.choice((*GROUPS, NOBODY, None)),
        parties=random.choice((None, frozenset(random.sample(people, random.randrange(4))))),
        attributes=dict(_attributes(random)),
    )


def _attributes(random: Random) -> Iterator[tuple[str, object]]:
    amounts = (0, 9_999_999, 10_000_000, 10_000_001, 50_000_000, 50_000_001, -5, "many", True)
    values: dict[str, tuple[object, ...]] = {
        "amount": amounts,
        "age_days": (0, 1, 3, 4, 40),
        "kind": ("spending", "emergency", "other", 7),
        "final": (True, False, 1),
        "step_up": (True, False),
        "severity": ("P1", "P2", "P3"),
        "likelihood": (1, 3, 5),
        "impact": (1, 3, 5),
        "score": (0, 2, 4),
    }
    for name, choices in values.items():
        if random.random() < 0.85:
            yield name, random.choice(choices)


def everything_is_used(policy: Policy) -> bool:
    """Tell whether the policy has each part that a differential test must see."""
    terms = {term for term in Term if any(term in rule.relation for rule in policy.rules)}
    return all(
        (
            {rule.effect for rule in policy.rules} == {ALLOW, DENY},
            any(rule.group != EVERY for rule in policy.rules),
            any(compile_condition(rule.condition) for rule in policy.rules),
            policy.inclusions,
            any(grant.instead_of and grant.until for grant in policy.grants),
            any(grant.group != EVERY for grant in policy.grants),
            {report.line for report in policy.reports} == {SOLID, DUAL},
            any(report.since for report in policy.reports),
            terms & LINE_TERMS,
            terms & {Term.GROUP, Term.OWN_GROUP, Term.OWNER, Term.REQUESTER, Term.PARTY},
        )
    )
