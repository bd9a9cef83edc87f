"""Text as people type it: names and phone numbers, tidied and checked. Errors are codes."""

import re
import unicodedata
from typing import Final

LONGEST_NAME: Final = 50

# Controls, format characters (bidi overrides, zero width), surrogates, private use, unassigned.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Between the parts of a name: 阿卜杜拉·买买提, O’Neill, Jean-Luc, Dr. J. Smith.
_NAME_MARKS: Final = frozenset(" ·•・.'’‘-‐,")
_LETTERS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"})
_PLAIN_HAN: Final = re.compile(r"[\u4e00-\u9fff]{2,20}")

_MAINLAND_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_MAINLAND_LANDLINE: Final = re.compile(r"0\d{2,3}\d{7,8}")
_FOREIGN: Final = re.compile(r"\+[1-9]\d{6,14}")


def tidy_name(typed: str) -> str:
    """Composed (NFC), ends trimmed, runs of blanks made one."""
    return " ".join(unicodedata.normalize("NFC", typed).split())


def name_error(name: str) -> str | None:
    """A name is letters of any script and what stands between its parts; everything else is a slip or an attack."""
    if _PLAIN_HAN.fullmatch(name):
        return None
    if not name:
        return "required"
    if len(name) > LONGEST_NAME:
        return "name-long"
    categories = [unicodedata.category(character) for character in name]
    if not _INVISIBLE.isdisjoint(categories):
        return "name-invisible"
    for character, category in zip(name, categories, strict=True):
        if category not in _LETTERS and character not in _NAME_MARKS:
            return "name-letters"
    if categories[0] not in _LETTERS:
        return "name-letters"
    return None


def tidy_phone(typed: str) -> str:
    """Digits, with ``+`` and the country code unless it is +86, which falls away."""
    half_width = unicodedata.normalize("NFKC", typed)
    tidy = re.sub(r"[\s()./-]", "", half_width)
    if tidy.startswith("00"):
        tidy = "+" + tidy[2:]
    return tidy.removeprefix("+86") if tidy.startswith("+86") else tidy


def phone_error(phone: str) -> str | None:
    """Mainland mobile or landline, or +country and number (ITU-T E.164, 15 digits at most)."""
    if _MAINLAND_MOBILE.fullmatch(phone):
        return None
    if not phone:
        return "required"
    if _FOREIGN.fullmatch(phone) or _MAINLAND_LANDLINE.fullmatch(phone):
        return None
    return "phone-form"


def is_visible_line(text: str) -> bool:
    """Whether a free text is free of control and bidi characters; line breaks and tabs may stand in it."""
    return all(
        character in "\n\r\t" or unicodedata.category(character) not in _INVISIBLE for character in text
    )
