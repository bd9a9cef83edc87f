"""Files that a form brings: small ones of text, read whole."""

from typing import Any, Final

from litestar import Request
from litestar.datastructures import UploadFile

LARGEST_TEXT: Final = 500_000  # octets


class BadFile(Exception):
    """``args[0]`` is the code: ``file-large`` or ``file-encoding``."""


async def text_file(
    request: Request[Any, Any, Any], name: str, largest: int = LARGEST_TEXT
) -> str | None:
    """The text of an uploaded file, None when none was chosen. Spreadsheets in China write GB 18030."""
    posted = (await request.form()).get(name)
    if not isinstance(posted, UploadFile) or not posted.filename:
        return None
    body = await posted.read(largest + 1)
    if len(body) > largest:
        raise BadFile("file-large")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile("file-encoding")
