"""The demo scenic area: an empty database becomes one that can be tried at once (``portal serve --demo``).

Dates are relative to today. Everything goes through the same services and tables as real data.
"""

import asyncio
from datetime import date, time, timedelta
from typing import Final

from portal.core import clock, db, site_settings
from portal.core.context import Act, set_act
from portal.core.notify import notify
from portal.features.catalogue import generation, snapshot
from portal.features.catalogue.rules.categories import STATUTORY
from portal.features.catalogue.rules.holidays import DEFAULT_CALENDAR
from portal.features.people import passwords
from portal.features.people import service as people
from portal.features.people.organisation import posts as organisation

MARK: Final = "demo.filled"
PASSWORD: Final = "demo-"  # noqa: S105  followed by the user name; told at the start

PEOPLE: Final = (
    ("director", "陆景行"),
    ("manager.procurement", "方知远"),
    ("manager.systems", "沈亦舟"),
    ("proc1", "周采薇"),
    ("proc2", "吴若谷"),
    ("proc3", "郑怀瑾"),
    ("ops1", "林听松"),
    ("ops2", "何望舒"),
    ("ops3", "苏晓山"),
    ("ops4", "唐雨桐"),
    ("ops5", "高云起"),
    ("tech1", "秦明"),
    ("tech2", "许清源"),
    ("tech3", "韩子墨"),
    ("tech4", "冯一诺"),
    ("tech5", "曹思齐"),
    ("tech6", "彭越"),
    ("tech7", "谢安然"),
    ("tech8", "罗川"),
    ("ceo", "顾长风"),
    ("finance", "钱思明"),
    ("hr", "任和"),
    ("marketing", "乔一凡"),
    ("techdept", "程朗"),
    ("opsdirector", "江远山"),
    ("gate1", "马守门"),
    ("window1", "黄小窗"),
    ("sysadmin", "石磊"),
    ("secadmin", "安宁"),
    ("auditadmin", "明鉴"),
)

#: Who holds which post; the number is how many days ago it was taken up.
POSTS: Final = (
    ("director", "director", 1460),
    ("manager.procurement", "manager_procurement", 910),
    ("manager.systems", "manager_systems", 660),
    ("proc1", "specialist_procurement", 1120),
    ("proc2", "specialist_procurement", 700),
    ("proc3", "specialist_procurement", 150),
    ("ops1", "specialist_operations", 1300),
    ("ops2", "specialist_operations", 745),
    ("ops3", "specialist_operations", 640),
    ("ops4", "specialist_operations", 310),
    ("ops5", "specialist_operations", 95),
    ("tech1", "specialist_technology", 1500),
    ("tech2", "specialist_technology", 980),
    ("tech3", "specialist_technology", 760),
    ("tech4", "specialist_technology", 720),
    ("tech5", "specialist_technology", 430),
    ("tech6", "specialist_technology", 280),
    ("tech7", "specialist_technology", 190),
    ("tech8", "specialist_technology", 60),
    ("ceo", "ceo", 2900),
    ("opsdirector", "operations_director", 1800),
    ("finance", "finance_head", 2100),
    ("hr", "hr_head", 1650),
    ("marketing", "marketing_head", 820),
    ("techdept", "tech_dept_head", 1210),
    ("gate1", "gate_staff", 540),
    ("window1", "window_staff", 365),
    ("sysadmin", "system_administrator", 600),
    ("secadmin", "security_administrator", 600),
    ("auditadmin", "audit_administrator", 600),
)

_EVERY_DAY: Final = [1, 2, 3, 4, 5, 6, 7]
_MOUNTAIN_SLOTS: Final = (
    (time(7, 30), time(9, 30), 500, 40, 60),
    (time(9, 30), time(11, 30), 900, 60, 120),
    (time(11, 30), time(13, 30), 900, 60, 120),
    (time(13, 30), time(15, 30), 700, 60, 80),
    (time(15, 30), time(17, 0), 300, 20, 0),
)
_CABLE_SLOTS: Final = tuple(
    (time(hour, 0), time(hour + 1, 0), 240, 20, 40) for hour in range(8, 17)
)

_SETTINGS: Final = {
    "site.name_zh": "云岫山景区",
    "site.name_en": "Yunxiu Mountain",
    "site.phone": "400-000-0000",
    "site.address_zh": "云岫山南麓山门广场1号",
    "site.address_en": "1 Shanmen Square, southern foot of Yunxiu Mountain",
    "booking.days_ahead": "15",
    "booking.release_time": "00:00",
}


async def is_empty() -> bool:
    """Whether nothing was entered yet, so that the demo may be put in."""
    return not await db.fetchval(
        "SELECT EXISTS (SELECT FROM product) OR EXISTS (SELECT FROM account)"
    )


async def is_demo() -> bool:
    """Whether the demo was put into this database before."""
    return bool(await db.fetchval("SELECT EXISTS (SELECT FROM site_setting WHERE name = $1)", MARK))


async def fill() -> None:
    """Put the demo in, whole or not at all."""
    set_act(Act("demo"))
    hashes = await asyncio.gather(*(_account_hash(username) for username, _name in PEOPLE))
    async with db.transaction():
        for (username, name), digest in zip(PEOPLE, hashes, strict=True):
            await people.insert(username, name, digest, must_change=False)
        await place()
        for name, value in _SETTINGS.items():
            await site_settings.change(name, value)
        await _catalogue()
        await db.execute(
            "INSERT INTO site_setting (name, value, changed_by) VALUES ($1, 'true', 'demo')", MARK
        )
        await notify(snapshot.CHANNEL)
    await site_settings.load()
    await generation.generate()


async def place() -> None:
    """Give everybody their post, also in a demo that was filled before there were any."""
    await organisation.ensure_shipped()
    if not await db.fetchval("SELECT EXISTS (SELECT FROM post_holding)"):
        for username, post, days in POSTS:
            await organisation.place(username, post, clock.today() - timedelta(days=days))


async def _account_hash(username: str) -> str:
    return await passwords.make(PASSWORD + username)


async def _catalogue() -> None:
    today = clock.today()
    mountain = await db.fetchval(
        "INSERT INTO attraction (name_zh, name_en, summary_zh, summary_en, opening_hours_zh, "
        "opening_hours_en, core, position) VALUES ('云岫山主景区', 'Yunxiu Mountain', "
        "'古道、云海与千年山门。', 'Old stone paths, a sea of clouds and a gate a thousand years old.', "
        "'7:30–17:00，16:30停止入园', '7:30–17:00, last entry 16:30', true, 1) RETURNING id"
    )
    cable = await db.fetchval(
        "INSERT INTO attraction (name_zh, name_en, summary_zh, summary_en, opening_hours_zh, "
        "opening_hours_en, core, position) VALUES ('云岫索道', 'Cloud Cable Car', "
        "'从山门到云台，单程十二分钟。', 'From the gate to the cloud terrace in twelve minutes.', "
        "'8:00–17:00', '8:00–17:00', false, 2) RETURNING id"
    )
    for attraction, zh, en in (
        (mountain, "南门", "South Gate"),
        (mountain, "东门", "East Gate"),
        (cable, "索道下站", "Lower cable station"),
    ):
        await db.execute(
            "INSERT INTO gate (attraction, name_zh, name_en) VALUES ($1, $2, $3)",
            attraction,
            zh,
            en,
        )
    ticket = await db.fetchval(
        "INSERT INTO product (slug, attraction, name_zh, name_en, summary_zh, summary_en, payment, position) "
        "VALUES ('mountain', $1, '山门门票', 'Mountain ticket', '含主景区当日一次入园。到景区窗口或闸机付款。', "
        "'One entry to the mountain. Pay at the gate.', 'at_gate', 1) RETURNING id",
        mountain,
    )
    ride = await db.fetchval(
        "INSERT INTO product (slug, attraction, name_zh, name_en, summary_zh, summary_en, payment, position, counts) "
        "VALUES ('cable-car', $1, '索道单程票', 'Cable car, one way', '不含主景区门票。请在15分钟内完成在线支付。', "
        "'Without the mountain ticket. Pay online within 15 minutes.', 'online', 2, false) RETURNING id",
        cable,
    )
    await _categories()
    published = today - timedelta(days=400)
    await _prices(ticket, published, {"peak": 12000, "off_peak": 9000})
    await _prices(ride, published, {"any": 6000})
    await _calendar(today)
    for product, slots in ((ticket, _MOUNTAIN_SLOTS), (ride, _CABLE_SLOTS)):
        for starts, ends, capacity, window, agency in slots:
            await db.execute(
                "INSERT INTO slot_pattern (product, weekdays, starts, ends, capacity, quota_window, "
                "quota_agency, valid_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                product,
                _EVERY_DAY,
                starts,
                ends,
                capacity,
                window,
                agency,
                today,
            )


async def _categories() -> None:
    for position, category in enumerate(STATUTORY):
        await db.execute(
            "INSERT INTO category (code, name_zh, name_en, eligibility_zh, eligibility_en, age_min, age_max, "
            "height_max_cm, proof, needs_companion, companions, basis, position) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
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


_HALF: Final = frozenset({"youth", "student", "senior"})


async def _prices(product: int, published: date, full: dict[str, int]) -> None:
    for season, fen in full.items():
        for category in STATUTORY:
            price = fen if category.code == "adult" else fen // 2 if category.code in _HALF else 0
            await db.execute(
                "INSERT INTO price (product, category, season, fen, valid_from, published_on) "
                "SELECT $1, id, $2, $3, $4, $4 FROM category WHERE code = $5",
                product,
                season,
                price,
                published,
                category.code,
            )


async def _calendar(today: date) -> None:
    for entry in DEFAULT_CALENDAR:
        await db.execute(
            "INSERT INTO calendar_day (day, kind, name_zh, name_en, confirmed) VALUES ($1, $2, $3, $4, $5)",
            entry.day,
            entry.kind,
            entry.name_zh,
            entry.name_en,
            entry.confirmed,
        )
    for year in (today.year - 1, today.year, today.year + 1):
        await db.execute(
            "INSERT INTO season (code, first_day, last_day) VALUES ('peak', $1, $2)",
            date(year, 4, 1),
            date(year, 10, 31),
        )
