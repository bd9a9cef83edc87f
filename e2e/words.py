"""What the pages say, in whichever language: a test names the English, the catalogue knows the Chinese."""

import re
from re import Pattern
from typing import Final

from portal.core.i18n import catalogue

SAME_IN_BOTH: Final = ()
_HOLE = re.compile(r"%\\?\((\w+)\\?\)s")


def said(*messages: str, part: bool = False, **values: object) -> Pattern[str]:
    """A text or one of several, as a page shows it; ``part`` of a longer one will do too.

    ``%(name)s`` in it stands for the value given, or for anything. A text that no page says any more is an error here,
    rather than something that a test waits for in vain.
    """
    texts = [text for message in messages for text in {message, _chinese(message)}]
    joined = "|".join(_filled(text, values) for text in texts)
    return re.compile(joined if part else f"^({joined})$")


def _chinese(message: str) -> str:
    found = catalogue("zh").gettext(message)
    if found == message and message not in SAME_IN_BOTH:
        raise LookupError(f"no page says {message!r}")
    return found


def _filled(text: str, values: dict[str, object]) -> str:
    escaped = re.escape(text.replace("%%", "%"))
    return _HOLE.sub(
        lambda hole: re.escape(str(values[hole[1]])) if hole[1] in values else ".+", escaped
    )
