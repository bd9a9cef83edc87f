"""Lines that hold for a time: deputies' roles, reporting lines with effective dates."""

from collections.abc import Iterable
from math import inf

from rbac.lines import Grant, Report, instant

Dated = Grant | Report


def window(line: Dated) -> tuple[float, float]:
    """Return the seconds of the epoch from which, and until just before which, the line holds."""
    start = instant(line.since) if line.since else None
    end = instant(line.until) if line.until else None
    return (-inf if start is None else start, inf if end is None else end)


def in_force(line: Dated, moment: float) -> bool:
    start, end = window(line)
    return start <= moment < end


def moments(lines: Iterable[Dated]) -> list[float]:
    """Return the instants from which another set of lines holds, the beginning of time first."""
    edges = {edge for line in lines if line.since or line.until for edge in window(line)}
    return sorted((edges - {inf}) | {-inf})
