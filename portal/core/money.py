"""Money: whole fen (1/100 yuan) everywhere; yuan only in what people read and type."""

import re
import unicodedata
from typing import Final

LARGEST_FEN: Final = 100_000_000_000  # a thousand million yuan: beyond it somebody mistyped
LARGEST_STORED: Final = 2**31 - 1  # fen that an ``integer`` column takes: some 21 million yuan

_AMOUNT: Final = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2}))?")


class BadAmount(ValueError):
    """``args[0]`` is the code: ``amount-form``, ``amount-negative`` or ``amount-large``."""


def yuan(fen: int) -> str:
    """Show an amount: ``¥1,234.50``; a whole one without zeros, ``¥120``; a debt ``-¥120``."""
    sign = "-" if fen < 0 else ""
    whole, cents = divmod(abs(fen), 100)
    return f"{sign}¥{whole:,}.{cents:02d}" if cents else f"{sign}¥{whole:,}"


def plain_yuan(fen: int) -> str:
    """Write ``1234.50``: for input fields, files and payment services."""
    sign = "-" if fen < 0 else ""
    whole, cents = divmod(abs(fen), 100)
    return f"{sign}{whole}.{cents:02d}"


def parse_yuan(text: str, *, negative: bool = False, largest: int = LARGEST_FEN) -> int:
    """Read a typed amount: ``1,234.5``, ``¥12``, full-width digits. Raises ``BadAmount``."""
    tidy = unicodedata.normalize("NFKC", text).strip().lstrip("¥").strip()
    found = _AMOUNT.fullmatch(tidy)
    if found is None:
        raise BadAmount("amount-form")
    sign, whole, cents = found.groups()
    if len(whole) > len("1,000,000,000"):
        raise BadAmount("amount-large")
    fen = int(whole.replace(",", "")) * 100 + int((cents or "").ljust(2, "0"))
    if fen > largest:
        raise BadAmount("amount-large")
    if sign and fen and not negative:
        raise BadAmount("amount-negative")
    return -fen if sign else fen
