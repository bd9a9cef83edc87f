"""``portal bench pages``: the pages that everybody asks for, and how old what they show may be."""

import asyncio
import time
from datetime import date

import httpx
import rich_click as click
import uvloop

from portal.cli.bench import forms, load, table
from portal.cli.bench.area import Area, scratch_area
from portal.cli.bench.server import REAL, Cpu, Server, serving

SAMPLES = 20
TOO_OLD = 5.0  # seconds: it never came


@click.command()
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(1, 60))
def pages(*, workers: int, seconds: float) -> None:
    """Day page, home, list of slots and booking form; the floor is a bare text answer of the same server."""
    with scratch_area() as area, serving(REAL, workers, area.database) as server:
        table.heading()
        floor, cpu = _run(server, "/healthz", seconds)
        table.show(table.Line("bare answer (floor)", 64, floor, cpu))
        for name, path in _paths(area.day, area.hot):
            table.show(table.Line(name, 64, *_run(server, path, seconds), floor))
        taken = server.memory()
        click.echo(
            f"memory of {workers} workers and the database after the run: {taken / 1e6:,.0f} MB (PSS)"
        )
        oldest = max(_age(server, area, number) for number in range(SAMPLES))
        click.echo(
            f"a booking shows on the day page after at most {oldest * 1000:.0f} ms ({SAMPLES} tries)"
        )


def _paths(day: date, hot: int) -> tuple[tuple[str, str], ...]:
    return (
        ("the day's slots", f"/book?date={day.isoformat()}"),
        ("home", "/"),
        ("slots as JSON", f"/api/slots?date={day.isoformat()}"),
        ("booking form", f"/book/{hot}"),
    )


def _run(server: Server, path: str, seconds: float) -> tuple[load.Measured, Cpu]:
    before = server.cpu()
    result = uvloop.run(load.run(server.port, [forms.get(server.port, path)], 64, seconds))
    return result, server.cpu().since(before)


def _age(server: Server, area: Area, number: int) -> float:
    """Seconds from the answer to a booking until every worker shows one place less."""
    address = f"http://127.0.0.1:{server.port}/api/slots?date={area.day.isoformat()}"
    before = _left(httpx.get(address).json(), area.hot)
    request = forms.bookings(forms.Session(server.port, area.hot), (area.hot,), 1, 7000 + number)
    asyncio.run(load.run(server.port, request, 1))
    booked = time.perf_counter()
    stale, fresh = 0.0, 0
    while fresh < SAMPLES and stale < TOO_OLD:  # new connections, so that each worker is asked
        if _left(httpx.get(address).json(), area.hot) < before:
            fresh += 1
        else:
            stale, fresh = time.perf_counter() - booked, 0
    return stale


def _left(slots: list[dict[str, int]], wanted: int) -> int:
    return next(slot["left"] for slot in slots if slot["id"] == wanted)
