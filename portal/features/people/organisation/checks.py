"""What must hold of the reporting lines at every instant: no circle, and one top, whom everybody else reaches.

A problem is a code and the people it names; ``words.py`` says it beside the field that mends it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.features.people.organisation.lines import Rewrite, rewritten
from rbac.lines import SOLID
from rbac.policy import Policy
from rbac.reading import PolicyError
from rbac.validity import in_force, moments


@dataclass(frozen=True, slots=True)
class Problem:
    """``circle``, ``too-many-steps``, ``superior-needed``, ``left-without-superior``, ``does-not-hold``."""

    code: str
    people: tuple[str, ...] = ()


def problem(
    policy: Policy, rewrite: Rewrite, person: str, since: datetime, *, leaves: bool = False
) -> Problem | None:
    """What speaks against a rewrite of the lines, or None. What was amiss before it is not held against it."""
    try:
        after = rewritten(policy, rewrite)
    except PolicyError as error:
        first = error.problems[0]
        if first.code in ("circle", "too-many-steps"):
            return Problem(first.code, tuple(first.detail.split(" > ")))
        return Problem("does-not-hold")
    for moment in _moments(after, since):
        present = set() if leaves else {person}
        gone = {person} if leaves else set()
        before, now = tops(policy, moment), tops(after, moment, present, gone)
        alone = now - before
        if not alone or (len(now) == 1 and before <= gone):  # the top itself was handed over
            continue
        if person in alone:
            return Problem("superior-needed")
        return Problem("left-without-superior", tuple(sorted(alone)))
    return None


def tops(
    policy: Policy, moment: float, present: Collection[str] = (), gone: Collection[str] = ()
) -> set[str]:
    """Who stands in the lines at an instant without a solid superior; who is gone is nobody's superior."""
    people = set(present)
    led = set()
    for report in policy.reports:
        if in_force(report, moment):
            people |= {report.person, report.superior}
            if report.line == SOLID and report.superior not in gone:
                led.add(report.person)
    return people - set(gone) - led


def _moments(policy: Policy, since: datetime) -> Iterator[float]:
    """The day itself, and every later instant from which other lines hold."""
    start = since.timestamp()
    yield start
    yield from (moment for moment in moments(policy.reports) if moment > start)
