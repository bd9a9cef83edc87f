"""The documents that visitors book with: form, identity and birth date (DOMAIN A1).

*Identity* is what makes two numbers the same document: renewal counts of travel permits fall away,
and a passport number counts together with its country. One identity books once a day (BK-3).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from portal.core import resident_id

RESIDENT: Final = "resident_id"
PASSPORT: Final = "passport"
HK_MACAU: Final = "hk_macau_permit"
TAIWAN: Final = "taiwan_permit"
HMT_RESIDENCE: Final = "hmt_residence_permit"
FOREIGN_PR: Final = "foreign_pr"

ID_TYPES: Final = (RESIDENT, PASSPORT, HK_MACAU, TAIWAN, HMT_RESIDENCE, FOREIGN_PR)

_HK_MACAU_FORM: Final = re.compile(r"[HM]\d{8}(\d{2})?", re.ASCII)
_TAIWAN_FORM: Final = re.compile(r"\d{8}(\d{2})?", re.ASCII)
_PASSPORT_FORM: Final = re.compile(r"[A-Z0-9]{5,15}", re.ASCII)
_FOREIGN_PR_2017: Final = re.compile(r"[A-Z]{3}\d{12}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
AREA_DIGITS: Final = 6
_RESIDENCE_AREAS: Final = ("81", "82", "83")
_PERMIT_IDENTITY: Final = {HK_MACAU: 9, TAIWAN: 8}  # characters that stay at a renewal


@dataclass(frozen=True, slots=True)
class Document:
    """A tidied document; ``country`` is ISO 3166 alpha-3, of a passport only, and may be empty."""

    id_type: str
    number: str
    country: str = ""


def tidy(id_type: str, number: str, country: str = "") -> Document:
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", number)).upper()
    return Document(id_type, plain, country.strip().upper() if id_type == PASSPORT else "")


def error(document: Document, today: date) -> str | None:  # noqa: PLR0911  one answer for each type
    """Say what is wrong with the number, as a code, or None."""
    number = document.number
    if not number:
        return "required"
    match document.id_type:
        case "resident_id":
            return resident_id.error(number, today)
        case "hmt_residence_permit":
            if number[:2] not in _RESIDENCE_AREAS:
                return "residence-permit-form"
            return resident_id.error(number, today)
        case "hk_macau_permit":
            return None if _HK_MACAU_FORM.fullmatch(number) else "hk-macau-permit-form"
        case "taiwan_permit":
            return None if _TAIWAN_FORM.fullmatch(number) else "taiwan-permit-form"
        case "passport":
            return None if _PASSPORT_FORM.fullmatch(number) else "passport-form"
        case "foreign_pr":
            if number.startswith("9") and len(number) == resident_id.LENGTH:
                return resident_id.error(number, today)
            return None if _FOREIGN_PR_2017.fullmatch(number) else "foreign-pr-form"
        case _:
            return "not-a-choice"


def country_error(document: Document) -> str | None:
    if document.country and not _COUNTRY.fullmatch(document.country):
        return "country-form"
    return None


def identity(document: Document) -> str:
    """Equal for equal documents, whatever was printed or typed; it is hashed, never stored.

    All 18-character numbers are one family: a residence permit may be entered as resident number.
    """
    number = document.number
    if keep := _PERMIT_IDENTITY.get(document.id_type):
        return f"{document.id_type}:{number[:keep]}"
    if document.id_type == PASSPORT:
        return f"passport:{document.country}:{number}"
    return f"national:{number}"


def area(document: Document) -> str:
    """The head of a resident number, which tells where it was first issued; empty for every other document."""
    return document.number[:AREA_DIGITS] if document.id_type == RESIDENT else ""


def birth_date(document: Document) -> date | None:
    """Read the birth date, where a valid number tells it."""
    if len(document.number) == resident_id.LENGTH and document.id_type in (
        RESIDENT,
        HMT_RESIDENCE,
        FOREIGN_PR,
    ):
        return resident_id.birth_date(document.number)
    return None
