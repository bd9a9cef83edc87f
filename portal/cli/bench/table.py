"""What a benchmark prints: a line for each measurement, its floor and the ratio to it."""

from dataclasses import dataclass

import rich_click as click

from portal.cli.bench.load import Measured
from portal.cli.bench.server import Cpu

COLUMNS = (
    "measured",
    "clients",
    "per s",
    "p50 ms",
    "p99 ms",
    "floor/s",
    "ratio",
    "µs workers+database+client",
    "answers",
)
WIDTHS = (30, 8, 9, 8, 8, 9, 7, 28, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """``floor`` is the same request without the database, measured in the same run.

    ``cpu`` was taken during the measurement: divided by the answers it tells what bounds the figure.
    """

    name: str
    clients: int
    measured: Measured
    cpu: Cpu
    floor: Measured | None = None


def heading() -> None:
    click.echo(_row(COLUMNS))


def show(line: Line) -> None:
    measured, floor = line.measured, line.floor
    answers = " ".join(f"{status}:{count}" for status, count in sorted(measured.statuses.items()))
    count = max(1, sum(measured.statuses.values()))
    ratio = measured.per_second / floor.per_second if floor else None
    click.echo(
        _row(
            (
                line.name,
                str(line.clients),
                f"{measured.per_second:,.0f}",
                f"{measured.percentile(0.50):.1f}",
                f"{measured.percentile(0.99):.1f}",
                f"{floor.per_second:,.0f}" if floor else "",
                f"{ratio:.0%}" if ratio else "",
                "+".join(f"{seconds / count * 1e6:.0f}" for seconds in line.cpu),
                answers,
            )
        )
    )


def _row(cells: tuple[str, ...]) -> str:
    first, *rest = (cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    return "  ".join((first, *rest)).rstrip()
