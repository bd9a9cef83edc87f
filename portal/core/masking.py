"""Personal data as it is shown: enough to recognise one's own, not enough to use another's.

Sources: GB/T 35273. Of a number of less than fifteen characters (passports, permits) only the first
and the last characters stay, so that the larger part is always hidden.
"""

from typing import Final

_LONGEST_STARS: Final = 3  # the length of a name is not told
_LONG_ID: Final = 15
_SHORT_ID: Final = 8
_LONG_PHONE: Final = 11
_LEAST_HIDDEN: Final = 2


def mask_name(name: str) -> str:
    """``王**``; for a name in Latin script the first letter of each word."""
    name = name.strip()
    if not name:
        return ""
    if name[0].isascii():
        return " ".join(word[0] + _stars(len(word) - 1) for word in name.split())
    return name[0] + (_stars(len(name) - 1) or "*")


def mask_id(number: str) -> str:
    """``110***********002X`` of eighteen characters, ``E******78`` of nine, ``1******8``."""
    if len(number) >= _LONG_ID:
        return _ends(number, 3, 4)
    return _ends(number, 1, 2 if len(number) > _SHORT_ID else 1)


def mask_phone(phone: str) -> str:
    """``138****5678``; of a short number fewer digits stay; the ``+`` of a foreign one stays."""
    digits = phone.removeprefix("+")
    plus = phone[: len(phone) - len(digits)]
    return plus + (_ends(digits, 3, 4) if len(digits) >= _LONG_PHONE else _ends(digits, 0, 2))


def _stars(count: int) -> str:
    return "*" * min(count, _LONGEST_STARS)


def _ends(text: str, head: int, tail: int) -> str:
    """Keep the ends, unless hardly anything would be hidden."""
    hidden = len(text) - head - tail
    if hidden < _LEAST_HIDDEN:
        return "*" * len(text)
    return text[:head] + "*" * hidden + text[-tail:]
