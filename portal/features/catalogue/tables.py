"""The catalogue's tables as Piccolo sees them. The DDL, with every constraint, is in the migrations."""

from piccolo.columns import (
    Array,
    Boolean,
    Date,
    ForeignKey,
    Integer,
    Serial,
    SmallInt,
    Text,
    Time,
    Timestamptz,
)
from piccolo.table import Table


class Attraction(Table, tablename="attraction"):
    """What visitors come to see. A core attraction that closes asks for a reduced price (Tourism Law art. 44)."""

    id = Serial(primary_key=True)
    name_zh = Text()
    name_en = Text()
    summary_zh = Text()
    summary_en = Text()
    opening_hours_zh = Text()
    opening_hours_en = Text()
    core = Boolean(default=False)
    closed_from = Date(null=True, default=None)
    closed_until = Date(null=True, default=None)
    position = Integer(default=0)


class Gate(Table, tablename="gate"):
    id = Serial(primary_key=True)
    attraction = ForeignKey(Attraction, null=False)
    name_zh = Text()
    name_en = Text()


class Product(Table, tablename="product"):
    """A ticket that is sold by the slot."""

    id = Serial(primary_key=True)
    slug = Text()
    attraction = ForeignKey(Attraction, null=False)
    name_zh = Text()
    name_en = Text()
    summary_zh = Text()
    summary_en = Text()
    payment = Text(default="at_gate")
    id_required = Boolean(default=True)
    on_sale = Boolean(default=True)
    counts = Boolean(default=True)
    position = Integer(default=0)


class Category(Table, tablename="category"):
    """Who pays which price; the meaning of each field is in ``rules/categories.py``."""

    id = Serial(primary_key=True)
    code = Text()
    name_zh = Text()
    name_en = Text()
    eligibility_zh = Text()
    eligibility_en = Text()
    age_min = SmallInt(null=True, default=None)
    age_max = SmallInt(null=True, default=None)
    height_max_cm = SmallInt(null=True, default=None)
    residence_prefixes = Array(Text())
    proof = Text(default="none")
    not_on_public_holidays = Boolean(default=False)
    needs_companion = Boolean(default=False)
    companions = SmallInt(default=0)
    basis = Text()
    active = Boolean(default=True)
    position = Integer(default=0)


class Season(Table, tablename="season"):
    id = Serial(primary_key=True)
    code = Text()
    first_day = Date()
    last_day = Date()


class Price(Table, tablename="price"):
    """A published price, in fen, from a visit day on."""

    id = Serial(primary_key=True)
    product = ForeignKey(Product, null=False)
    category = ForeignKey(Category, null=False)
    season = Text(default="any")
    day_type = Text(default="any")
    fen = Integer()
    valid_from = Date()
    published_on = Date()
    legal_basis = Text()


class CalendarDay(Table, tablename="calendar_day"):
    id = Serial(primary_key=True)
    day = Date()
    kind = Text()
    name_zh = Text()
    name_en = Text()
    confirmed = Boolean(default=True)


class SlotPattern(Table, tablename="slot_pattern"):
    id = Serial(primary_key=True)
    product = ForeignKey(Product, null=False)
    weekdays = Array(SmallInt())
    starts = Time()
    ends = Time()
    capacity = Integer()
    quota_window = Integer(default=0)
    quota_agency = Integer(default=0)
    valid_from = Date()
    valid_until = Date(null=True, default=None)


class SlotException(Table, tablename="slot_exception"):
    id = Serial(primary_key=True)
    product = ForeignKey(Product, null=False)
    day = Date()
    closed = Boolean(default=False)
    capacity_percent = SmallInt(default=100)
    reason_zh = Text()
    reason_en = Text()


class Slot(Table, tablename="slot"):
    """Written by ``generation.py`` and by the booking function only; read everywhere."""

    id = Serial(primary_key=True)
    product = ForeignKey(Product, null=False)
    visit_day = Date()
    starts_at = Timestamptz()
    ends_at = Timestamptz()
    capacity = Integer()
    quota_window = Integer(default=0)
    quota_agency = Integer(default=0)
    sold_online = Integer(default=0)
    sold_window = Integer(default=0)
    sold_agency = Integer(default=0)
    withheld = Integer(default=0)
    closed = Boolean(default=False)
    retired = Boolean(default=False)


TABLES = [
    Attraction,
    Gate,
    Product,
    Category,
    Season,
    Price,
    CalendarDay,
    SlotPattern,
    SlotException,
    Slot,
]
