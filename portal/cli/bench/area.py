"""A scenic area to measure on: its own database and keys in a scratch folder, gone afterwards.

One product that costs nothing to hold and is paid on arrival, as most areas sell; a hot slot, a hundred
others, and one that is sold out.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Final

from portal.core import clock, db, site_settings
from portal.core.context import Act, set_act
from portal.core.keyring import keyring
from portal.core.migrate import migrate
from portal.core.postgres import EmbeddedPostgres
from portal.core.settings import settings
from portal.features.booking.slice import cut_months
from portal.features.catalogue import generation
from portal.features.catalogue.rules.categories import STATUTORY
from portal.features.policy import service as policy
from portal.registry import APP_NAMES

OTHERS: Final = 100
DAYS: Final = 5  # over which the others are spread
HOT_ROOM: Final = 250_000  # places: more than a run books
ROOM: Final = 35_000


@dataclass(frozen=True, slots=True)
class Area:
    """The slots to book, and the day of the hot one; ``database`` is the folder of PostgreSQL's files."""

    database: Path
    hot: int
    others: tuple[int, ...]
    full: int
    day: date


@contextmanager
def scratch_area() -> Iterator[Area]:
    """Set the environment of this process and its children to a new area; everything is removed at the end."""
    data = Path(tempfile.mkdtemp(prefix="shanmen-bench-"))
    data.chmod(0o711)  # as root the database's account must pass
    server = EmbeddedPostgres(data)
    os.environ |= {
        "PORTAL_DATA": str(data),
        "PORTAL_DATABASE_URL": server.start(),
        "PROMETHEUS_MULTIPROC_DIR": str(data / "metrics"),
    }
    settings.cache_clear()
    (data / "metrics").mkdir(exist_ok=True)
    try:
        keyring()
        yield asyncio.run(_filled((server.home or data) / "cluster"))
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)


async def _filled(database: Path) -> Area:
    set_act(Act("command"))
    await db.open_pool()
    try:
        await migrate(APP_NAMES)
        await (
            cut_months()
        )  # before the first act is recorded: rows in a default partition stay there
        await policy.ensure_shipped(demo=False)
        async with db.transaction():
            await site_settings.change("capacity.daily_maximum", "1000000")
            await site_settings.change("capacity.instant_maximum", "1000000")
            await _patterns(await _product())
        await site_settings.load()
        await generation.generate()
        return await _slots(database)
    finally:
        await db.close_pool()


async def _product() -> int:
    attraction = await db.fetchval(
        "INSERT INTO attraction (name_zh, name_en) VALUES ('基准', 'Bench') RETURNING id"
    )
    product: int = await db.fetchval(
        "INSERT INTO product (slug, attraction, name_zh, name_en, payment) "
        "VALUES ('bench', $1, '基准票', 'Bench ticket', 'at_gate') RETURNING id",
        attraction,
    )
    for category in STATUTORY:
        row = await db.fetchval(
            "INSERT INTO category (code, name_zh, name_en, age_min, age_max) "
            "VALUES ($1, $2, $3, $4, $5) RETURNING id",
            category.code,
            category.name_zh,
            category.name_en,
            category.age_min,
            category.age_max,
        )
        await db.execute(
            "INSERT INTO price (product, category, fen, valid_from, published_on) "
            "VALUES ($1, $2, 9000, $3, $3)",
            product,
            row,
            clock.today() - timedelta(days=1),
        )
    return product


async def _patterns(product: int) -> None:
    """At 0:00 the hot slot, at 0:30 the one without places, from 1:00 on the others: each day alike."""
    rooms = [HOT_ROOM, 0, *[ROOM] * (OTHERS // DAYS)]
    for number, room in enumerate(rooms):
        starts = time(number // 2, number % 2 * 30)
        ends = time(starts.hour, 29) if starts.minute == 0 else time(starts.hour, 59)
        await db.execute(
            "INSERT INTO slot_pattern (product, weekdays, starts, ends, capacity, valid_from) "
            "VALUES ($1, '{1,2,3,4,5,6,7}', $2, $3, $4, $5)",
            product,
            starts,
            ends,
            room,
            clock.today(),
        )


async def _slots(database: Path) -> Area:
    """Tomorrow's hot and full slot, and the others of five days."""
    tomorrow = clock.today() + timedelta(days=1)
    rows = await db.fetch(
        "SELECT id, visit_day, capacity FROM slot WHERE visit_day BETWEEN $1 AND $2 ORDER BY starts_at",
        tomorrow,
        tomorrow + timedelta(days=DAYS - 1),
    )
    by_room = {row["capacity"]: row["id"] for row in rows if row["visit_day"] == tomorrow}
    others = tuple(row["id"] for row in rows if row["capacity"] == ROOM)
    return Area(database, by_room[HOT_ROOM], others, by_room[0], tomorrow)
