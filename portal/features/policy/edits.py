"""Edits of a policy as a list of lines: what differs, what stands where."""

from collections.abc import Iterable, Sequence

from rbac.lines import written
from rbac.reading import split


def difference(before: Iterable[str], after: Iterable[str]) -> tuple[list[str], list[str]]:
    """The lines that went and the lines that came, each in the order in which they stand."""
    old, new = list(before), list(after)
    here, there = set(old), set(new)
    return [line for line in old if line not in there], [line for line in new if line not in here]


def tidy(line: str) -> str:
    """The line as the policy writes it; what is none stays as it is, for the reader to refuse."""
    tokens = split(line.strip()) if line.strip() else []
    while len(tokens) > 1 and not tokens[-1]:
        tokens.pop()
    return written(tuple(tokens))


def replaced(
    lines: Sequence[str],
    gone: Sequence[str],
    come: Sequence[str],
    place: str | None,
    *,
    first: bool = False,
) -> list[str]:
    """The lines without ``gone`` and with ``come`` where ``place`` stands (or stood), else at an end."""
    absent = set(gone)
    new = [line for line in dict.fromkeys(come) if line not in lines or line in absent]
    after: list[str] = list(new) if first and place is None else []
    put = first and place is None
    for line in lines:
        if line not in absent:
            after.append(line)
        if line == place and not put:
            after += new
            put = True
    return after if put else after + new


def above(lines: Sequence[str], line: str) -> str:
    """The line before this one; nothing before the first."""
    at = lines.index(line)
    return lines[at - 1] if at else ""
