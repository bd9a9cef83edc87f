"""What a change of somebody's place comes to in the policy: the lines that end, and those that begin.

A line that held before the day gets it as its end and stays for the record; one that would have begun later falls away.
Rules are never touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Final, TypeVar

from rbac.lines import DUAL, EVERY, SOLID, Grant, Report, written
from rbac.policy import Policy
from rbac.reading import split
from rbac.validity import Dated, in_force, window

DEPUTY: Final = "_deputy"  # role:director_deputy leaves out what only the director may

D = TypeVar("D", Grant, Report)

Place = tuple[str, str]  # a role and the group in which it is held


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where somebody is to stand from ``since`` on; ``places`` are what the new post brings, ``given_up`` the old.

    ``heir`` takes over those who report to the person; None leaves them where they are.
    """

    person: str
    since: datetime
    superior: str | None = None
    duals: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    given_up: tuple[Place, ...] = ()
    heir: str | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """``person`` stands in for ``absent``; ``leads`` gives those who report to the absent a line to the deputy."""

    person: str
    absent: str
    since: datetime
    until: datetime
    leads: bool = False


@dataclass(slots=True)
class Rewrite:
    """Lines as the policy writes them; a line on both sides was not touched."""

    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def take(self, line: Dated) -> None:
        self.removed.append(written(line.tokens))

    def put(self, line: Dated) -> None:
        text = written(line.tokens)
        if text not in self.added:
            self.added.append(text)

    def end(self, line: D, since: datetime) -> None:
        """Let the line hold until the day, or not at all when it would begin later."""
        start, _end = window(line)
        self.take(line)
        if start < since.timestamp():
            self.put(line._replace(until=since.isoformat()))

    @property
    def empty(self) -> bool:
        return not self.removed and not self.added


def moved(policy: Policy, wanted: Wanted) -> Rewrite:
    """Somebody joins, or goes to another post or superior."""
    rewrite = Rewrite()
    lines = {(SOLID, wanted.superior)} if wanted.superior else set()
    lines |= {(DUAL, name) for name in wanted.duals}
    _settle_reports(policy, rewrite, wanted, lines)
    _settle_places(policy, rewrite, wanted)
    _hand_over(policy, rewrite, wanted)
    return rewrite


def left(policy: Policy, person: str, since: datetime, heir: str | None) -> Rewrite:
    """Somebody leaves: every line of theirs ends, and whoever stands in for them or reports to them besides."""
    rewrite = Rewrite()
    for grant in _later(policy.grants, since):
        if person in (grant.person, grant.instead_of):
            rewrite.end(grant, since)
    wanted = Wanted(person, since, heir=heir)
    _settle_reports(policy, rewrite, wanted, set())
    _hand_over(policy, rewrite, wanted)
    if heir is None:
        for report in _later(policy.reports, since):
            if report.superior == person and report.line == DUAL:
                rewrite.end(report, since)
    return rewrite


def stands_in(policy: Policy, acting: Acting) -> Rewrite:
    """A deputy holds the roles of the absent for a time, and no longer."""
    rewrite = Rewrite()
    since, until = acting.since.isoformat(), acting.until.isoformat()
    roles = {inclusion.role for inclusion in policy.inclusions}
    moment = acting.since.timestamp()
    own = {(g.role, g.group) for g in policy.grants if g.person == acting.person and not g.until}
    for grant in policy.grants:
        if grant.person != acting.absent or grant.instead_of or not in_force(grant, moment):
            continue
        lesser = f"{grant.role}{DEPUTY}"
        role = lesser if lesser in roles else grant.role
        if (role, grant.group) not in own:
            rewrite.put(Grant(acting.person, role, grant.group, since, until, acting.absent))
    if acting.leads:
        led_already = {
            report.person
            for report in policy.reports
            if report.superior == acting.person and in_force(report, moment)
        }
        for report in policy.reports:
            if report.superior == acting.absent and in_force(report, moment):
                person = report.person
                if person != acting.person and person not in led_already:
                    rewrite.put(Report(DUAL, person, acting.person, since, until))
    return rewrite


def rewritten(policy: Policy, rewrite: Rewrite) -> Policy:
    """The policy as it would be. Raises ``PolicyError`` when it would not hold: a circle, a line said twice."""
    removed = set(rewrite.removed)
    kept = [tokens for tokens in policy.lines if written(tokens) not in removed]
    return Policy.from_lines([*kept, *(split(line) for line in rewrite.added)])


def solid_superior(policy: Policy, person: str, moment: float) -> str | None:
    return next(
        (
            report.superior
            for report in policy.reports
            if report.person == person and report.line == SOLID and in_force(report, moment)
        ),
        None,
    )


def _later(lines: Iterable[D], since: datetime) -> list[D]:
    """Those that hold at the day or after it."""
    return [line for line in lines if window(line)[1] > since.timestamp()]


def _lasts(line: Dated, since: datetime) -> bool:
    start, end = window(line)
    return start <= since.timestamp() and end == inf


def _settle_reports(
    policy: Policy, rewrite: Rewrite, wanted: Wanted, lines: set[tuple[str, str]]
) -> None:
    missing = set(lines)
    for report in _later(policy.reports, wanted.since):
        if report.person != wanted.person:
            continue
        place = (report.line, report.superior)
        if place in missing and _lasts(report, wanted.since):
            missing.discard(place)
        else:
            rewrite.end(report, wanted.since)
    since = wanted.since.isoformat()
    for line, superior in sorted(missing):
        rewrite.put(Report(line, wanted.person, superior, since))


def _settle_places(policy: Policy, rewrite: Rewrite, wanted: Wanted) -> None:
    missing = set(wanted.places)
    for grant in _later(policy.grants, wanted.since):
        if grant.person != wanted.person or grant.instead_of:
            continue
        place = (grant.role, grant.group)
        if place in missing and _lasts(grant, wanted.since):
            missing.discard(place)
        elif place in wanted.given_up or place in wanted.places:
            rewrite.end(grant, wanted.since)
    since = wanted.since.isoformat()
    for role, group in sorted(missing):
        rewrite.put(Grant(wanted.person, role, group or EVERY, since))


def _hand_over(policy: Policy, rewrite: Rewrite, wanted: Wanted) -> None:
    """Those who report to the person report to the heir; the heir to whom the person reported so far."""
    if wanted.heir is None:
        return
    since = wanted.since.isoformat()
    has = {
        (report.line, report.person)
        for report in _later(policy.reports, wanted.since)
        if report.superior == wanted.heir and _lasts(report, wanted.since)
    }
    above = solid_superior(policy, wanted.person, wanted.since.timestamp())
    for report in _later(policy.reports, wanted.since):
        if report.superior != wanted.person:
            continue
        rewrite.end(report, wanted.since)
        if report.person == wanted.heir:
            if report.line == SOLID and above:
                rewrite.put(Report(SOLID, wanted.heir, above, since))
        elif (report.line, report.person) not in has:
            rewrite.put(report._replace(superior=wanted.heir, since=_start(report, since)))


def _start(report: Report, since: str) -> str:
    """A line that would begin later begins then."""
    start, _end = window(report)
    return report.since if start > datetime.fromisoformat(since).timestamp() else since
