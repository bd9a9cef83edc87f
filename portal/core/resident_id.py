"""The resident identity number (GB 11643-1999): check character and birth date.

Area codes are not checked: they are retired and renamed over decades while the number stays for
life. The checksum proves typing, not identity.
"""

import re
import unicodedata
from datetime import date
from operator import mul
from typing import Final

LENGTH: Final = 18
OLDEST: Final = 150  # years: the standard's own specimen (440524188001010014) was born in 1880

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ZEROS: Final = ord("0") * sum(_WEIGHTS)
_CHECKS: Final = "10X98765432"
_FORM: Final = re.compile(r"\d{17}[\dX]", re.ASCII)
_FIFTEEN: Final = re.compile(r"\d{15}", re.ASCII)


def tidy(typed: str) -> str:
    """Half-width, capitals, without blanks."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).upper()


def check_character(digits: str) -> str:
    """ISO 7064 MOD 11-2 over the first 17 digits."""
    total = sum(map(mul, digits[:17].encode(), _WEIGHTS)) - _ZEROS
    return _CHECKS[total % 11]


def birth_date(number: str) -> date | None:
    """Read the birth date of a number, None when there is no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def error(number: str, today: date) -> str | None:
    """Why this is no resident number, or None. Numbers of 15 digits ended on 2013-01-01."""
    if _FORM.fullmatch(number) is None:
        if _FIFTEEN.fullmatch(number):
            return "id-fifteen"
        return "id-length" if len(number) != LENGTH else "id-digits"
    if check_character(number) != number[17]:
        return "id-check"
    born = birth_date(number)
    if born is None or born > today or today.year - born.year > OLDEST:
        return "id-birth-date"
    return None
