"""Everything that whoever releases a draft should see before: what is worked out here changes nothing (PO-4, PO-5).

The lines that differ as sentences; who gains and who loses what, by name; which decisions of the last 90 days would
fall otherwise (``replay.py``); the standing assertions; what is odd about the lines. All of it is worked out anew
each time from the draft's lines and the version in force, beside the requests and not before them.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from portal.core import clock
from portal.features.people import queries as people
from portal.features.policy import queries
from portal.features.policy.drafts import Draft
from portal.features.policy.edits import difference
from portal.features.policy.replay import Flip, Replay, replay
from portal.features.policy.simulator import spoken
from rbac.assertion_words import failure_words
from rbac.assertions import Failure, failures, standing_assertions
from rbac.bilingual import Language
from rbac.changes import Access, Change, Concerned, Difference, Effect, LineChange, differences
from rbac.compiled import CompiledPolicy
from rbac.finding_words import finding_words, label_words
from rbac.findings import DEAD, Code, Finding, findings
from rbac.lines import Line, Rule, written
from rbac.permissions import BY_NAME
from rbac.policy import Policy
from rbac.words import Names, sentence, subject_words

#: More people than this are counted, the first of them named.
NAMED: Final = 30


@dataclass(frozen=True, slots=True)
class Said:
    words: str
    line: str


@dataclass(frozen=True, slots=True)
class LineDifference:
    """A line that went, one that came, or one in place of the other.

    ``parts`` of both: the words before what differs, what differs, the words after it.
    """

    before: Said | None
    after: Said | None

    @property
    def parts(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        old, new = (
            _WORDS.findall(said.words) if said else [] for said in (self.before, self.after)
        )
        shortest = min(len(old), len(new))
        head = next((i for i in range(shortest) if old[i] != new[i]), shortest)
        tail = next(
            (i for i in range(shortest - head) if old[-1 - i] != new[-1 - i]), shortest - head
        )
        return _cut(old, head, tail), _cut(new, head, tail)


#: Numbers and Latin words stay whole.
_WORDS: Final = re.compile(r"[A-Za-z0-9,.]+|.", re.DOTALL)


def _cut(words: list[str], head: int, tail: int) -> tuple[str, str, str]:
    end = len(words) - tail
    return "".join(words[:head]), "".join(words[head:end]), "".join(words[end:])


@dataclass(frozen=True, slots=True)
class SaidAccess:
    always: bool
    never: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaidChange:
    effect: Effect
    words: str
    permission: str
    before: SaidAccess
    after: SaidAccess


@dataclass(frozen=True, slots=True)
class People:
    """``names`` are at most ``NAMED`` of ``number``."""

    names: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class SaidConcerned:
    people: People
    changes: tuple[SaidChange, ...]

    def of(self, *effects: str) -> list[SaidChange]:
        return [change for change in self.changes if change.effect in effects]


@dataclass(frozen=True, slots=True)
class SaidLineChange:
    superior: str
    gained: People
    lost: People
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaidDifference:
    since: datetime | None
    concerned: tuple[SaidConcerned, ...]
    lines: tuple[SaidLineChange, ...]


@dataclass(frozen=True, slots=True)
class SaidFlip:
    who: str
    what: str
    flip: Flip


@dataclass(frozen=True, slots=True)
class SaidAssertion:
    words: str
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaidFinding:
    label: str
    words: str
    dead: bool
    line: Said
    other: Said | None


@dataclass(frozen=True, slots=True)
class Review:
    """``findings`` are those that the draft brings; ``older`` counts those that are in force already."""

    lines: tuple[LineDifference, ...]
    differences: tuple[SaidDifference, ...]
    people: int
    replay: Replay
    flips: tuple[SaidFlip, ...]
    assertions: tuple[SaidAssertion, ...]
    findings: tuple[SaidFinding, ...]
    older: int

    @property
    def failing(self) -> list[SaidAssertion]:
        return [assertion for assertion in self.assertions if assertion.failures]


async def review(draft: Draft) -> Review:
    """Look at a draft. Raises ``PolicyError`` when what stands in it cannot be read any more."""
    base = Policy.parse((await queries.version(draft.base_version)).lines)
    before, after = CompiledPolicy(base), CompiledPolicy(draft.policy)
    now = clock.now().astimezone(UTC)
    found, failed, odd, known = await asyncio.to_thread(_look, before, after, now)
    replayed = await replay(before, after)
    fresh = [finding for finding in odd if _kind(finding) not in known]
    lines = line_differences(base, draft.policy)
    names = await people.names(_mentioned(lines, found, fresh, replayed.flips))
    lang = spoken()
    return Review(
        tuple(_said_difference(pair, lang, names) for pair in lines),
        tuple(_difference(each, lang, names) for each in found),
        len(frozenset[str]().union(*(each.people for each in found))),
        replayed,
        tuple(_flip(flip, lang, names) for flip in replayed.flips),
        tuple(
            SaidAssertion(
                assertion.words.say(lang),
                tuple(
                    failure_words(_at_home(failure), lang, names)
                    for failure in failed
                    if failure.assertion == assertion
                ),
            )
            for assertion in standing_assertions()
        ),
        tuple(_finding(finding, lang, names) for finding in fresh),
        len(odd) - len(fresh),
    )


def _look(
    before: CompiledPolicy, after: CompiledPolicy, now: datetime
) -> tuple[list[Difference], list[Failure], list[Finding], set[tuple[str, Code, str]]]:
    """What takes the processor: in a thread, so that requests go on meanwhile."""
    return (
        differences(before, after, now),
        failures(after.policy, now),
        findings(after.policy, now),
        {_kind(finding) for finding in findings(before.policy, now)},
    )


def _at_home(failure: Failure) -> Failure:
    """With its instant as the site's clocks show it."""
    return replace(failure, since=failure.since and clock.local(failure.since))


def _kind(finding: Finding) -> tuple[str, Code, str]:
    """A finding whatever number of people it reaches."""
    return finding.line, finding.code, finding.other_line


Pair = tuple[Line | None, Line | None]


def line_differences(before: Policy, after: Policy) -> list[Pair]:
    """What went and what came, in the order of the lines; what says the same of the same stands side by side."""
    old, new = _by_text(before), _by_text(after)
    removed, added = difference(old, new)
    waiting: dict[object, list[str]] = {}
    for text in added:
        waiting.setdefault(_about(new[text]), []).append(text)
    pairs: list[Pair] = []
    for text in removed:
        partner = waiting.get(_about(old[text]))
        pairs.append((old[text], new[partner.pop(0)] if partner else None))
    pairs += [(None, new[text]) for text in added if text in waiting.get(_about(new[text]), ())]
    return pairs


def _by_text(policy: Policy) -> dict[str, Line]:
    parts: Iterable[Line] = (*policy.rules, *policy.inclusions, *policy.grants, *policy.reports)
    return {written(line.tokens): line for line in parts}


def _about(line: Line) -> object:
    """What a line speaks of: two lines about the same are one line that was changed."""
    return (line.subject, line.permission) if isinstance(line, Rule) else line.tokens[:2]


async def said_lines(before: Policy, after: Policy) -> tuple[LineDifference, ...]:
    """The lines that differ, in words."""
    pairs = line_differences(before, after)
    names = await people.names(_mentioned(pairs))
    return tuple(_said_difference(pair, spoken(), names) for pair in pairs)


async def said_policy(policy: Policy) -> list[Said]:
    """Every line, in words."""
    lines = _by_text(policy).values()
    names = await people.names({name for line in lines for name in line.tokens[1:3]})
    return [said_line(line, spoken(), names) for line in lines]


def line_of(text: str) -> Line:
    """A stored line as a value."""
    [line] = _by_text(Policy.parse(text)).values()
    return line


def said_line(line: Line, lang: Language, names: Names) -> Said:
    return Said(sentence(line, lang, names), written(line.tokens))


def _said_difference(pair: Pair, lang: Language, names: Names) -> LineDifference:
    before, after = pair
    return LineDifference(
        said_line(before, lang, names) if before else None,
        said_line(after, lang, names) if after else None,
    )


def _difference(found: Difference, lang: Language, names: Names) -> SaidDifference:
    return SaidDifference(
        found.since,
        tuple(_concerned(group, lang, names) for group in found.concerned),
        tuple(_line_change(line, lang, names) for line in found.lines),
    )


def _concerned(group: Concerned, lang: Language, names: Names) -> SaidConcerned:
    return SaidConcerned(
        _people(group.people, lang, names),
        tuple(_change(change, lang, names) for change in group.changes),
    )


def _people(subjects: Sequence[str], lang: Language, names: Names) -> People:
    return People(
        tuple(subject_words(subject, lang, names) for subject in subjects[:NAMED]), len(subjects)
    )


def _change(change: Change, lang: Language, names: Names) -> SaidChange:
    return SaidChange(
        change.effect,
        _what(change.permission, lang),
        change.permission,
        _access(change.before, lang, names),
        _access(change.after, lang, names),
    )


def _access(access: Access, lang: Language, names: Names) -> SaidAccess:
    rules = () if access.always else (*access.allows, *access.denies)
    return SaidAccess(
        access.always,
        not access.allows,
        tuple(dict.fromkeys(sentence(rule, lang, names) for rule in rules)),
    )


def _line_change(line: LineChange, lang: Language, names: Names) -> SaidLineChange:
    return SaidLineChange(
        subject_words(line.superior, lang, names),
        _people(line.gained, lang, names),
        _people(line.lost, lang, names),
        tuple(_what(permission, lang) for permission in line.permissions),
    )


def _flip(flip: Flip, lang: Language, names: Names) -> SaidFlip:
    return SaidFlip(subject_words(flip.subject, lang, names), _what(flip.permission, lang), flip)


def _finding(finding: Finding, lang: Language, names: Names) -> SaidFinding:
    return SaidFinding(
        label_words(finding.code, lang),
        finding_words(finding, lang),
        finding.code in DEAD,
        said_line(line_of(finding.line), lang, names),
        said_line(line_of(finding.other_line), lang, names) if finding.other_line else None,
    )


def _what(permission: str, lang: Language) -> str:
    known = BY_NAME.get(permission)
    return known.describe(lang) if known else permission


def _mentioned(
    lines: Iterable[Pair],
    found: Iterable[Difference] = (),
    odd: Iterable[Finding] = (),
    flips: Iterable[Flip] = (),
) -> set[str]:
    """Every user name that may be read out."""
    mentioned = {flip.subject for flip in flips}
    for pair in lines:
        for line in pair:
            mentioned.update(line.tokens[1:] if line else ())
    for each in found:
        mentioned |= each.people
        for change in each.lines:
            mentioned.update(change.gained, change.lost)
    for finding in odd:
        mentioned.update(finding.line.split(", "), finding.other_line.split(", "))
    return mentioned
