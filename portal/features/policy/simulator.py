"""Try the policy: why a decision falls, what was lacking, who all may, what somebody may (PO-3).

``rbac/explain.py`` finds out, here it becomes sentences with their lines and the names of people.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.core.i18n import language
from portal.features.people import queries as people
from portal.features.policy.chosen import Chosen
from portal.features.policy.question import NOT_PEOPLE
from rbac.areas import AREAS, by_resource, resource_words
from rbac.bilingual import Language
from rbac.chances import possible_rules
from rbac.compiled import CompiledPolicy
from rbac.condition_words import condition_words
from rbac.conditions import compile_condition
from rbac.explain import Candidate, Explanation, Reading, explain, who_could
from rbac.explanation_words import lacking, verdict
from rbac.facts import NOTHING_KNOWN, Facts
from rbac.lines import NEWCOMER, Line, Report, written
from rbac.permissions import Permission
from rbac.relations import LINE_TERMS, Term, parse_relation
from rbac.words import Names, sentence, subject_words, term_words


@dataclass(frozen=True, slots=True)
class Said:
    """A line of the policy: its sentence, its Casbin form, its number in the policy's text."""

    words: str
    line: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Check:
    """A term of the rule and whether it is as the rule asks; None when the facts do not tell."""

    words: str
    fits: bool | None


@dataclass(frozen=True, slots=True)
class Miss:
    rule: Said
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """``rule`` decided, ``path`` led to it. ``subject`` is whom the policy was asked about."""

    allowed: bool
    verdict: str
    subject: str
    rule: Said | None
    path: tuple[Said, ...]
    checks: tuple[Check, ...]
    misses: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who may or could, by each of these rules; ``path`` leads to the first."""

    subject: str
    name: str
    rules: tuple[Said, ...]
    path: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """A permission that somebody has, and the rules that give it; ``always`` when on every record."""

    permission: Permission
    always: bool
    rules: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Area:
    words: str
    resources: tuple[tuple[str, tuple[Duty, ...]], ...]


def subject_at(compiled: CompiledPolicy, who: str, at: datetime | None) -> str:
    """Whom the policy is asked about for an account: a newcomer while nothing is granted."""
    return who if who in NOT_PEOPLE or compiled.knows(who, at) else NEWCOMER


def asked_attributes(compiled: CompiledPolicy, permission: str) -> list[str]:
    """The attributes that the rules on a permission ask for."""
    asked: set[str] = set()
    for rule in compiled.rules_on(permission):
        if condition := compile_condition(rule.condition):
            asked.update(condition.names)
    return sorted(asked)


def asked_facts(compiled: CompiledPolicy, permission: str) -> set[str]:
    """What of a record the rules on a permission ask for: owner, requester, group, parties."""
    terms = {
        term
        for rule in compiled.rules_on(permission)
        for term, _asked in parse_relation(rule.relation).wanted
    }
    return {"owner" if term in LINE_TERMS else _FACTS.get(term, term.value) for term in terms}


_FACTS = {Term.OWN_GROUP: "group", Term.PARTY: "parties"}


async def answer(
    chosen: Chosen, who: str, permission: str, facts: Facts, at: datetime | None
) -> Answer:
    """The verdict and everything that led to it."""
    lang = spoken()
    compiled = chosen.compiled
    found = explain(compiled, subject_at(compiled, who, at), permission, facts, at)
    names = await _names([found])
    tell = _teller(chosen, lang, names)
    deciding = found.deciding
    return Answer(
        found.decision.allowed,
        verdict(found, lang, names),
        found.subject,
        tell(deciding.rule) if deciding else None,
        tuple(map(tell, _path(deciding))) if deciding else (),
        tuple(_checks(deciding, lang)) if deciding else (),
        tuple(Miss(tell(miss.rule), tuple(lacking(miss, lang, names))) for miss in found.misses),
    )


def allowed(chosen: Chosen, who: str, permission: str, facts: Facts, at: datetime | None) -> bool:
    compiled = chosen.compiled
    return compiled.decide(subject_at(compiled, who, at), permission, facts, at).allowed


def holders_on(chosen: Chosen, permission: str, facts: Facts, at: datetime | None) -> list[str]:
    """Everybody who may do this on the record."""
    compiled = chosen.compiled
    return [
        subject
        for subject in sorted(compiled.policy.subjects)
        if compiled.decide(subject, permission, facts, at).allowed
    ]


def holders_on_some(chosen: Chosen, permission: str, at: datetime | None) -> list[str]:
    """Everybody who could be allowed on some record."""
    compiled = chosen.compiled
    return [
        subject
        for subject in sorted(compiled.policy.subjects)
        if possible_rules(compiled, compiled.standing(at), subject, permission)
    ]


async def why_on(
    chosen: Chosen, subjects: Iterable[str], permission: str, facts: Facts, at: datetime | None
) -> list[Holder]:
    """Why each of these may do it on the record."""
    found = [explain(chosen.compiled, subject, permission, facts, at) for subject in subjects]
    names = await _names(found)
    tell = _teller(chosen, spoken(), names)
    return [
        Holder(
            each.subject,
            _name(each.subject, names),
            (tell(each.deciding.rule),),
            tuple(map(tell, _path(each.deciding))),
        )
        for each in found
        if each.deciding
    ]


async def why_on_some(
    chosen: Chosen, subjects: Iterable[str], permission: str, at: datetime | None
) -> list[Holder]:
    """By which rules each of these could be allowed on some record."""
    found = who_could(chosen.compiled, permission, at, subjects)
    names = await _names(found)
    tell = _teller(chosen, spoken(), names)
    return [
        Holder(
            each.subject,
            _name(each.subject, names),
            tuple(dict.fromkeys(tell(reading.rule) for reading in each.readings)),
            tuple(map(tell, _path(each.readings[0]))),
        )
        for each in found
    ]


def duties(chosen: Chosen, who: str, at: datetime | None) -> list[Area]:
    """Everything that somebody may do on some record, area by area, with the rules."""
    lang = spoken()
    tell = _teller(chosen, lang, {})
    subject = subject_at(chosen.compiled, who, at)

    def duties_on(permissions: Iterable[Permission]) -> Iterator[Duty]:
        for permission in permissions:
            if duty := _duty(chosen.compiled, subject, permission, at, tell):
                yield duty

    areas = []
    for area in AREAS:
        resources = [
            (resource_words(resource, lang), tuple(duties_on(permissions)))
            for resource, permissions in by_resource(area.name).items()
        ]
        if held := tuple(each for each in resources if each[1]):
            areas.append(Area(area.words.say(lang), held))
    return areas


def _duty(
    compiled: CompiledPolicy,
    subject: str,
    permission: Permission,
    at: datetime | None,
    tell: Callable[[Line], Said],
) -> Duty | None:
    rules = [
        rule
        for rule, _holding in possible_rules(compiled, compiled.standing(at), subject, permission)
    ]
    if not rules:
        return None
    decided = compiled.decide(subject, permission, NOTHING_KNOWN, at)
    if decided.allowed and decided.rule:
        return Duty(permission, always=True, rules=(tell(decided.rule),))
    return Duty(permission, always=False, rules=tuple(map(tell, dict.fromkeys(rules))))


def _teller(chosen: Chosen, lang: Language, names: Names) -> Callable[[Line], Said]:
    place = chosen.place()
    return lambda line: Said(sentence(line, lang, names), written(line.tokens), place(line.tokens))


def _path(reading: Reading | None) -> Iterator[Line]:
    """The grants and inclusions that lead to the rule's role, then the reporting lines to its relation."""
    if reading is None:
        return
    yield from reading.path or ()
    seen: set[Report] = set()
    for term in reading.terms:
        for line in term.lines:
            if line not in seen:
                seen.add(line)
                yield line


def _checks(reading: Reading, lang: Language) -> Iterator[Check]:
    """What the deciding rule asked of the record. A deny also matches what is not known."""
    for term in reading.terms:
        said = term_words(term.term, lang, holds=term.asked)
        yield Check(said, None if term.known is None else term.fits)
    if condition := condition_words(reading.rule.condition, lang):
        yield Check(condition, reading.met)


async def _names(found: Iterable[Explanation | Candidate]) -> dict[str, str]:
    """The names of everybody in these explanations and candidates."""
    mentioned: set[str] = set()
    for each in found:
        mentioned.add(each.subject)
        for reading in _readings(each):
            mentioned.add(reading.rule.subject)
            for line in _path(reading):
                mentioned.update(line.tokens[1:])
    return await people.names(mentioned)


def _readings(found: Explanation | Candidate) -> Iterator[Reading]:
    if isinstance(found, Explanation):
        yield from (reading for reading in (found.deciding, *found.misses) if reading)
    else:
        yield from found.readings


def _name(subject: str, names: Names) -> str:
    return subject_words(subject, spoken(), names)


def spoken() -> Language:
    return "en" if language() == "en" else "zh"
