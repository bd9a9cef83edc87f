"""``portal bench audit``: what a large trail costs to write, to verify and to read."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any, Final

import rich_click as click

from portal.cli.bench.area import scratch_area
from portal.core import audit, clock, db
from portal.core.chains import Break, verify
from portal.core.context import Act, set_act
from portal.features.audit import export, queries
from portal.features.audit.queries import Filter, Place

BATCH: Final = 500
LANES: Final = (0, 1, 32, 33)
STAFF: Final = ("gate1", "window1", "ops1", "ops2", "director", "sysadmin")
ACTS: Final = {
    "session:login": "account",
    "settings:edit": "setting",
    "visitor:reveal": "order",
    "order:list": "order",
    "catalogue:edit": "product",
}
GOES: Final = 5
PAGE: Final = 51


@click.command("audit")
@click.option("--rows", default=100_000, show_default=True, type=click.IntRange(2_000, 20_000_000))
def trail(*, rows: int) -> None:
    """Append so many entries, nine in ten of them bookings, walk them all, and read pages at any depth."""
    with scratch_area():
        asyncio.run(_measure(rows))


async def _measure(rows: int) -> None:
    set_act(Act("command"))
    await db.open_pool()
    try:
        await _append(rows)
        await _verify()
        await _pages()
        await _export()
    finally:
        await db.close_pool()


async def _append(rows: int) -> None:
    random = Random(1)  # noqa: S311  the same trail in each run
    spent = 0.0
    for _ in range(rows // BATCH):
        made = [_entry(random) for _ in range(BATCH)]
        audit._lane = random.choice(LANES)  # noqa: SLF001  one process plays four
        begun = time.perf_counter()
        async with db.transaction():
            await audit.append(made)
        spent += time.perf_counter() - begun
    await db.execute("ANALYZE audit_entry, audit_link")
    size = await db.fetchval(
        "SELECT sum(pg_indexes_size(relid)) / 1e6 FROM pg_partition_tree('audit_entry') WHERE isleaf"
    )
    click.echo(f"append          {rows / spent:12,.0f} entries/s   ({BATCH} at once)")
    click.echo(f"indexes         {size:12,.0f} MB")


def _entry(random: Random) -> audit.Entry:
    request = f"{random.getrandbits(64):016x}"
    if random.random() < 0.9:  # noqa: PLR2004
        detail = {"slot": random.randrange(500), "party": 2, "fen": 18000, "channel": "online"}
        code = f"{random.getrandbits(44):011X}"
        address = f"10.{random.randrange(255)}.{random.randrange(255)}.0/24"
        return audit.Entry(
            "visitor", "booking:create", "order", code, audit.ALLOWED, "", address, request, detail
        )
    act = random.choice(list(ACTS))
    outcome = audit.REFUSED if random.random() < 0.05 else audit.ALLOWED  # noqa: PLR2004
    return audit.Entry(
        random.choice(STAFF),
        act,
        ACTS[act],
        f"thing-{random.randrange(5_000)}",
        outcome,
        "",
        "192.0.2.1",
        request,
        {"reason": "a reason of some words"},
    )


async def _verify() -> None:
    begun, seen = time.perf_counter(), 0
    async for step in verify():
        if isinstance(step, Break):
            raise click.ClickException(f"the trail is broken: {step}")
        seen = step
    taken = time.perf_counter() - begun
    click.echo(
        f"verify          {taken:12.1f} s           ({seen:,} entries, "
        f"a million in {taken * 1e6 / seen:.1f} s)"
    )


async def _pages() -> None:
    today = clock.today()
    middle = await db.fetchrow(
        "SELECT at, lane, seq, object_id FROM audit_entry WHERE act = 'booking:create' "
        "ORDER BY at OFFSET (SELECT count(*) FROM audit_entry) / 2 LIMIT 1"
    )
    assert middle is not None
    oldest = await db.fetchval("SELECT min(at) FROM audit_entry")
    deep, end = Place(*list(middle)[:3]), Place(oldest, queries.LANES - 1, 2**31)
    asked: dict[str, dict[str, str]] = {
        "everything": {},
        "one person": {"subject": "director"},
        "one order": {"object_type": "order", "object_id": middle["object_id"]},
        "a beginning": {"object_id": middle["object_id"][:4] + "*"},
        "an area": {"act": "booking:*"},
        "a rare act": {"act": "visitor:reveal"},
        "no such act": {"act": "policy:release"},
        "refused": {"outcome": "refused"},
        "settings": {"object_type": "setting"},
        "refused to one": {"subject": "director", "outcome": "refused"},
    }
    click.echo("a page of 50, ms      first     middle        end")
    for name, fields in asked.items():
        wanted = Filter(today - timedelta(days=730), today, **fields)
        times = [await _slowest(wanted, before) for before in (None, deep, end)]
        click.echo(f"  {name:16}" + "".join(f"{each:11.1f}" for each in times))


async def _slowest(wanted: Filter, before: Place | None) -> float:
    """The slowest of several goes, in ms."""
    return (
        max(
            [
                await _seconds(lambda: queries.entries(wanted, PAGE, before=before))
                for _ in range(GOES)
            ]
        )
        * 1e3
    )


async def _export() -> None:
    today = clock.today()
    wanted = Filter(today - timedelta(days=2), today)

    async def take() -> int:
        return sum([len(part) async for part in export.json_lines(wanted, proof=True)])

    begun = time.perf_counter()
    octets = await take()
    click.echo(
        f"export          {octets / 1e6:12,.0f} MB in {time.perf_counter() - begun:.1f} s, JSON lines with proof"
    )


async def _seconds(act: Callable[[], Awaitable[Any]]) -> float:
    begun = time.perf_counter()
    await act()
    return time.perf_counter() - begun
