"""What the pages say, in whichever language: a test names the English, the catalogue knows the Chinese."""

import re
from re import Pattern

from portal.core.i18n import catalogue

_HOLE = re.compile(r"%\\?\((\w+)\\?\)s")


def said(*messages: str, part: bool = False, **values: object) -> Pattern[str]:
    """A text or one of several, as a page shows it; ``part`` of a longer one will do too.

    ``%(name)s`` in it stands for the value given, or for anything.
    """
    texts = [text for message in messages for text in {message, catalogue("zh").gettext(message)}]
    joined = "|".join(_filled(text, values) for text in texts)
    return re.compile(joined if part else f"^({joined})$")


def _filled(text: str, values: dict[str, object]) -> str:
    escaped = re.escape(text.replace("%%", "%"))
    return _HOLE.sub(
        lambda hole: re.escape(str(values[hole[1]])) if hole[1] in values else ".+", escaped
    )
