"""Order codes: short enough to read over a telephone, and safe against slips of the finger.

Eleven characters out of 31, without I, L, O, U and Z: three tell the visit day (so that a code
leads straight to its month's partition), seven are random, one checks the others. Shown
``XXX-XXXX-XXXX``.

The check is a weighted sum modulo 31, a prime, with different, non-zero weights: it finds every
single wrong character and every swap of two neighbours.
"""

import secrets
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXY"
LENGTH: Final = 11
EPOCH: Final = date(2026, 1, 1)

_DAY: Final = 3
_RANDOM: Final = 7
_PRIME: Final = len(ALPHABET)
_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}
_DAYS: Final = _PRIME**_DAY  # more than eighty years
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"} | dict.fromkeys("- ‐‑–—", ""))


def new(visit_day: date, below: Callable[[int], int] = secrets.randbelow) -> str:
    """Make a code for this day, one of 31⁷ ≈ 2.7·10¹⁰. Raises ``ValueError`` outside 2026–2107."""
    days = (visit_day - EPOCH).days
    if not 0 <= days < _DAYS:
        raise ValueError(f"no order code can tell the day {visit_day}")
    high, rest = divmod(days, _PRIME * _PRIME)
    middle, low = divmod(rest, _PRIME)
    body = ALPHABET[high] + ALPHABET[middle] + ALPHABET[low]
    number = below(_PRIME**_RANDOM)
    for _ in range(_RANDOM):
        number, digit = divmod(number, _PRIME)
        body += ALPHABET[digit]
    return body + _check(body)


def visit_day(code: str) -> date:
    """Tell the day that a valid code was made for."""
    high, middle, low = (_VALUE[character] for character in code[:_DAY])
    return EPOCH + timedelta(days=(high * _PRIME + middle) * _PRIME + low)


def tidy(typed: str) -> str:
    """Read what was meant: capitals, half-width, no dashes or blanks, O as 0, I and L as 1."""
    return unicodedata.normalize("NFKC", typed).strip().upper().translate(_MISREAD)


def is_valid(code: str) -> bool:
    """Whether characters and check agree; says nothing of whether such an order exists."""
    if len(code) != LENGTH or any(character not in _VALUE for character in code):
        return False
    return _check(code[:-1]) == code[-1]


def grouped(code: str) -> str:
    """``XXX-XXXX-XXXX``, for people."""
    return f"{code[:3]}-{code[3:7]}-{code[7:]}"


def _check(body: str) -> str:
    total = sum(weight * _VALUE[character] for weight, character in enumerate(body, 1))
    return ALPHABET[total % _PRIME]
