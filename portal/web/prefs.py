"""How a visitor likes to read: text size and theme, in one cookie, for people without an account too."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

COOKIE: Final = "prefs"
TEXTS: Final = ("normal", "large")
THEMES: Final = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class Prefs:
    text: str = "normal"
    theme: str = "auto"

    def encode(self) -> str:
        return f"{self.text}-{self.theme}"


@lru_cache(maxsize=64)
def decode(cookie: str | None) -> Prefs:
    """The preferences in a cookie; anything unknown is the default."""
    text, _dash, theme = (cookie or "").partition("-")
    return Prefs(text if text in TEXTS else "normal", theme if theme in THEMES else "auto")
