"""Personal data as it is shown: enough to recognise one's own, not enough to use another's (GB/T 35273)."""

from typing import Final

_NAME_HEAD_LATIN: Final = 1
_ID_SHOWN: Final = (3, 4)  # characters kept at the head and at the tail
_ID_SHORT: Final = 8


def mask_name(name: str) -> str:
    """``王**``; for a name in Latin script the first letter of each word."""
    name = name.strip()
    if not name:
        return ""
    if name[0].isascii():
        return " ".join(word[:_NAME_HEAD_LATIN] + "*" * min(len(word) - 1, 3) for word in name.split())
    return name[0] + "*" * min(max(len(name) - 1, 1), 3)


def mask_id(number: str) -> str:
    """``110***********002X``: head and tail; of a short number only its ends."""
    if len(number) <= _ID_SHORT:
        return number[:1] + "*" * max(len(number) - 2, 1) + number[-1:]
    head, tail = _ID_SHOWN
    return number[:head] + "*" * (len(number) - head - tail) + number[-tail:]


def mask_phone(phone: str) -> str:
    """``138****5678``; the country code of a foreign number stays."""
    digits = phone.lstrip("+")
    if len(digits) < _ID_SHORT:
        return "*" * max(len(digits) - 2, 1) + digits[-2:]
    plus = "+" if phone.startswith("+") else ""
    return f"{plus}{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"
