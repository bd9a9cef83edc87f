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

_DIGITS: Final = re.compile(r"\d{1,9}", re.ASCII)
_MAINLAND_MOBILE: Final = re.compile(r"1[3-9]\d{9}", re.ASCII)
_MAINLAND_LANDLINE: Final = re.compile(r"0\d{2,3}\d{7,8}", re.ASCII)
_FOREIGN: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


def whole_number(typed: str) -> int | None:
    """A number of up to nine plain digits, or None.

    ``isdigit()`` is true of ``²`` and of ten thousand nines; ``int()`` then raises.
    """
    return int(typed) if _DIGITS.fullmatch(typed) else None


def tidy_name(typed: str) -> str:
    """Composed (NFC), ends trimmed, runs of blanks made one."""
    return " ".join(unicodedata.normalize("NFC", typed).split())


def name_error(name: str) -> str | None:
    """Refuse what is no name: a name is letters of any script and what stands between its parts."""
    if _PLAIN_HAN.fullmatch(name):
        return None
    if not name:
        return "required"
    if len(name) > LONGEST_NAME:
        return "name-long"
    categories = [unicodedata.category(character) for character in name]
    if not _INVISIBLE.isdisjoint(categories):
        return "name-invisible"
    fitting = categories[0].startswith("L") and all(
        category in _LETTERS or character in _NAME_MARKS
        for character, category in zip(name, categories, strict=True)
    )
    return None if fitting else "name-letters"


def tidy_phone(typed: str) -> str:
    """Digits, with ``+`` and the country code; +86 falls away: one number is written one way.

    A mainland landline keeps the 0 of its area code (``+86 10 1234 5678`` is ``01012345678``).
    """
    half_width = unicodedata.normalize("NFKC", typed)
    tidy = re.sub(r"[\s()./-]", "", half_width)
    if tidy.startswith("00"):
        tidy = "+" + tidy[2:]
    if not tidy.startswith("+86"):
        return tidy
    national = tidy.removeprefix("+86")
    complete = national.startswith("0") or _MAINLAND_MOBILE.fullmatch(national)
    return national if complete else "0" + national


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
    """Whether a text has no control or bidi characters; line breaks and tabs may stand in it."""
    return all(
        character in "\n\r\t" or unicodedata.category(character) not in _INVISIBLE
        for character in text
    )
