"""What is sold: rows as staff would have entered them, and the snapshots that pages read."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Final

from portal.core import clock, db
from portal.features.catalogue import snapshot
from portal.features.catalogue.availability import SlotView, availability
from portal.features.catalogue.rules.categories import STATUTORY

#: Fen by category; every other one is free, as the statutory concessions have it.
PRICES: Final[Mapping[str, int]] = {
    "adult": 10_000,
    "youth": 5_000,
    "student": 5_000,
    "senior": 5_000,
}
PUBLISHED: Final = date(2020, 1, 1)


async def noticed() -> None:
    """Read the snapshots anew, as NOTIFY makes a process do after a commit."""
    await snapshot.load()
    await availability.load()


async def an_attraction(name: str = "云岫山", *, core: bool = True) -> int:
    return int(
        await db.fetchval(
            "INSERT INTO attraction (name_zh, name_en, core) VALUES ($1, 'Yunxiu Mountain', $2) RETURNING id",
            name,
            core,
        )
    )


async def a_gate(attraction: int | None = None, name: str = "南门") -> int:
    return int(
        await db.fetchval(
            "INSERT INTO gate (attraction, name_zh, name_en) VALUES ($1, $2, 'South Gate') RETURNING id",
            attraction or await an_attraction(),
            name,
        )
    )


async def categories() -> dict[str, int]:
    """The statutory categories, put in when they are not there; their ids by code."""
    for position, category in enumerate(STATUTORY):
        await db.execute(
            "INSERT INTO category (code, name_zh, name_en, eligibility_zh, eligibility_en, age_min, age_max, "
            "height_max_cm, proof, needs_companion, companions, basis, position) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
            category.code,
            category.name_zh,
            category.name_en,
            category.eligibility_zh,
            category.eligibility_en,
            category.age_min,
            category.age_max,
            category.height_max_cm,
            category.proof,
            category.needs_companion,
            category.companions,
            category.basis,
            position,
        )
    return {row["code"]: row["id"] for row in await db.fetch("SELECT code, id FROM category")}


async def a_product(
    slug: str = "mountain",
    *,
    payment: str = "at_gate",
    prices: Mapping[str, int] = PRICES,
    id_required: bool = True,
    on_sale: bool = True,
    attraction: int | None = None,
) -> int:
    """A product with a price for every category; ``payment`` ``online`` is held until paid."""
    product = int(
        await db.fetchval(
            "INSERT INTO product (slug, attraction, name_zh, name_en, payment, id_required, on_sale) "
            "VALUES ($1, $2, '山门门票', 'Mountain ticket', $3, $4, $5) RETURNING id",
            slug,
            attraction or await an_attraction(),
            payment,
            id_required,
            on_sale,
        )
    )
    for code, category in (await categories()).items():
        await a_price(product, category, prices.get(code, 0))
    await snapshot.load()
    return product


async def a_price(
    product: int,
    category: int,
    fen: int,
    *,
    season: str = "any",
    day_type: str = "any",
    valid_from: date = PUBLISHED,
) -> int:
    return int(
        await db.fetchval(
            "INSERT INTO price (product, category, season, day_type, fen, valid_from, published_on) "
            "VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id",
            product,
            category,
            season,
            day_type,
            fen,
            valid_from,
        )
    )


async def a_slot(
    product: int | None = None,
    *,
    day: date | None = None,
    starts: time = time(9),
    hours: int = 2,
    capacity: int = 100,
    quota_window: int = 0,
    quota_agency: int = 0,
) -> SlotView:
    """A slot, tomorrow unless told otherwise, in the snapshots that pages read."""
    product = product or await a_product()
    day = day or clock.today() + timedelta(days=1)
    opens = clock.at(day, starts)
    slot = await db.fetchval(
        "INSERT INTO slot (product, visit_day, starts_at, ends_at, capacity, quota_window, quota_agency) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        product,
        day,
        opens,
        opens + timedelta(hours=hours),
        capacity,
        quota_window,
        quota_agency,
    )
    await noticed()
    view = availability.slot(slot)
    assert view is not None, "days farther than the snapshot reaches are read by nobody"
    return view
