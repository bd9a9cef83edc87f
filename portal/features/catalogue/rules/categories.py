"""Ticket categories: who may have which price, judged on the visit day (DOMAIN A4).

The defaults are the concessions that statutes and national notices ask for; every field can be
edited, because provinces differ. What a document does not tell (height, a certificate) is verified
at the gate.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

PROOFS: Final = ("none", "id", "height", "certificate")
CHILD_AGE: Final = 14  # below it a guardian consents (PIPL art. 31)
ADULT_AGE: Final = 18  # from it on one may look after a child (Civil Code art. 17)


@dataclass(frozen=True, slots=True)
class Category:
    """Ages are whole years on the visit day, both ends included; None is no limit."""

    code: str
    name_zh: str
    name_en: str
    eligibility_zh: str = ""
    eligibility_en: str = ""
    age_min: int | None = None
    age_max: int | None = None
    height_max_cm: int | None = None
    residence_prefixes: tuple[str, ...] = ()
    proof: str = "none"
    not_on_public_holidays: bool = False
    needs_companion: bool = False
    companions: int = 0
    basis: str = ""


def age_on(born: date, day: date) -> int:
    """Count whole years; who is born on 29 February has the birthday on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def category_error(
    category: Category, born: date | None, area: str, day: date, *, public_holiday: bool
) -> str | None:
    """Why this person may not have the category on that day, or None.

    ``area`` is the head of a resident number, or empty. What the document does not tell never
    refuses: it is verified at the gate (``proof``). Where a height limit stands beside an age limit
    either suffices, so age alone does not refuse.
    """
    if category.not_on_public_holidays and public_holiday:
        return "category-holiday"
    if born is not None and category.height_max_cm is None:
        age = age_on(born, day)
        if category.age_min is not None and age < category.age_min:
            return "category-too-young"
        if category.age_max is not None and age > category.age_max:
            return "category-too-old"
    if category.residence_prefixes and area and not area.startswith(category.residence_prefixes):
        return "category-residence"
    return None


def proof_at_gate(category: Category, born: date | None, day: date) -> str:
    """Name what the gate must look at: nothing when the document already proves the age."""
    if category.proof == "height" and born is not None:
        age = age_on(born, day)
        fits = (category.age_min is None or age >= category.age_min) and (
            category.age_max is None or age <= category.age_max
        )
        return "none" if fits else "height"
    if category.proof == "id" and born is not None:
        return "none"
    return category.proof


STATUTORY: Final = (
    Category(
        "adult", "成人票", "Adult", "适用于不享受优惠的游客。", "For everyone without a concession."
    ),
    Category(
        "child",
        "儿童票",
        "Child",
        "6周岁（含）以下，或身高1.2米（含）以下；须由成人陪同。",
        "Up to 6 years old, or up to 1.2 m tall; must come with an adult.",
        age_max=6,
        height_max_cm=120,
        proof="height",
        needs_companion=True,
        basis="NDRC notice on youth ticket prices, 2012",
    ),
    Category(
        "youth",
        "青少年票",
        "Youth",
        "6周岁（不含）至18周岁（含）。",
        "7 to 18 years old.",
        age_min=7,
        age_max=18,
        proof="id",
        basis="NDRC notice on youth ticket prices, 2012",
    ),
    Category(
        "student",
        "学生票",
        "Student",
        "全日制本科及以下学历学生，入园时出示学生证。",
        "Full-time students up to bachelor’s level. Bring the student card.",
        proof="certificate",
        basis="NDRC notice on youth ticket prices, 2012",
    ),
    Category(
        "senior",
        "长者票（60–64岁）",
        "Senior 60–64",
        "60至64周岁。",
        "60 to 64 years old.",
        age_min=60,
        age_max=64,
        proof="id",
        basis="Elderly Rights Law art. 2 and 59",
    ),
    Category(
        "senior_free",
        "长者票（65岁及以上）",
        "Senior 65+",
        "65周岁及以上。",
        "65 years old or older.",
        age_min=65,
        proof="id",
        basis="Elderly Rights Law art. 59",
    ),
    Category(
        "disabled",
        "残疾人票",
        "Disabled visitor",
        "持残疾人证；重度残疾人及盲人可由一名陪同人员免费陪同。",
        "With a disability certificate. With a severe disability or blindness, one companion comes in free.",
        proof="certificate",
        companions=1,
        basis="Tourism Law art. 11",
    ),
    Category(
        "companion",
        "陪同票",
        "Companion",
        "重度残疾人或盲人的陪同人员，与残疾人票同单预订。",
        "For the companion of a visitor who is blind or severely disabled; in the same order.",
        basis="Tourism Law art. 11",
    ),
    Category(
        "serving",
        "军人消防票",
        "Military and fire rescue",
        "现役军人、国家综合性消防救援队伍人员、残疾军人，入园时出示证件。",
        "Serving soldiers, fire and rescue staff, disabled soldiers. Bring the certificate.",
        proof="certificate",
    ),
)
