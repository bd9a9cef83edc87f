"""``portal bench booking``: bookings a second through real HTTP, with encryption, audit chain and commit."""

import asyncio
import itertools
from collections.abc import Sequence

import rich_click as click
import uvloop

from portal.cli.bench import forms, load, table
from portal.cli.bench.area import Area, scratch_area
from portal.cli.bench.load import Measured
from portal.cli.bench.server import FLOOR, REAL, Cpu, Server, serving
from portal.core import db

WARM_UP = 2_000
_SEEDS = itertools.count(1)  # other people in each run


@click.command()
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--requests", default=20_000, show_default=True, type=click.IntRange(100, 100_000))
def booking(*, workers: int, requests: int) -> None:
    """Confirmed bookings on one hot slot and on a hundred, refusals when sold out, each beside its floor."""
    with scratch_area() as area:
        with serving(FLOOR, workers, area.database) as server:
            floors = _round(server, area, requests)
        with serving(REAL, workers, area.database) as server:
            measured = _round(server, area, requests)
            refused = {c: _run(server, area, (area.full,), requests, c) for c in (64, 256)}
            taken = server.memory()
        table.heading()
        for (name, clients), (result, cpu) in measured.items():
            table.show(table.Line(name, clients, result, cpu, floors[name, clients][0]))
        for clients, (result, cpu) in refused.items():
            table.show(table.Line("sold out, refused", clients, result, cpu))
        click.echo(
            f"memory of {workers} workers and the database after the run: {taken / 1e6:,.0f} MB (PSS)"
        )
        _check(sum(result.statuses[303] for result, _cpu in measured.values()) + _warm_up(requests))


def _warm_up(requests: int) -> int:
    return min(WARM_UP, requests)


Run = tuple[Measured, Cpu]


def _round(server: Server, area: Area, requests: int) -> dict[tuple[str, int], Run]:
    _run(server, area, (area.hot,), _warm_up(requests), 64)
    return {
        (name, clients): _run(server, area, slots, requests, clients)
        for name, slots, clients in (
            ("one hot slot", (area.hot,), 256),
            ("one hot slot", (area.hot,), 64),
            ("100 slots at random", area.others, 256),
            ("100 slots at random", area.others, 64),
        )
    }


def _run(server: Server, area: Area, slots: Sequence[int], requests: int, clients: int) -> Run:
    session = forms.Session(server.port, area.hot)  # the page of a full slot has no form
    made = forms.bookings(session, slots, requests, next(_SEEDS))
    before = server.cpu()
    result = uvloop.run(load.run(server.port, made, clients))
    return result, server.cpu().since(before)


def _check(confirmed: int) -> None:
    """What the database holds must be what was answered, to the last booking."""
    orders, sold, tickets = asyncio.run(_stored())
    good = confirmed == orders == sold == tickets
    click.echo(
        f"answered {confirmed:,}; orders {orders:,}, places sold {sold:,}, tickets {tickets:,}: ",
        nl=False,
    )
    click.echo("they agree" if good else "THEY DIFFER")
    if not good:
        raise SystemExit(1)


async def _stored() -> tuple[int, int, int]:
    await db.open_pool()
    try:
        return (
            int(await db.fetchval("SELECT count(*) FROM booking_order")),
            int(await db.fetchval("SELECT sum(sold_online) FROM slot")),
            int(await db.fetchval("SELECT count(*) FROM ticket WHERE state = 'valid'")),
        )
    finally:
        await db.close_pool()
