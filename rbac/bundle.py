"""A policy as files: Casbin's model and CSV, alone or together in one archive, and back without a loss (PO-7)."""

import io
import zipfile
import zlib
from typing import Final

from rbac.policy import FOLDER

MODEL: Final = "model.conf"
LINES: Final = "policy.csv"
LARGEST: Final = 2_000_000  # characters of a policy; ten thousands of lines
_WHEN: Final = (1980, 1, 1, 0, 0, 0)  # the same policy is the same file


class BadBundle(ValueError):
    """An archive without a policy that can be read."""


def model_text() -> str:
    """The model by which the lines are Casbin's."""
    return (FOLDER / MODEL).read_text(encoding="utf-8")


def pack(lines: str) -> bytes:
    """Both files in one archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ((MODEL, model_text()), (LINES, lines)):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return packed.getvalue()


def is_packed(octets: bytes) -> bool:
    return octets.startswith(b"PK")


def unpack(octets: bytes) -> str:
    """The lines of an archive. Raises BadBundle; nothing larger than a policy is ever unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive, archive.open(LINES) as file:
            text = file.read(LARGEST + 1)
    except (
        zipfile.BadZipFile,
        KeyError,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        zlib.error,
    ) as error:
        raise BadBundle(LINES) from error
    if len(text) > LARGEST:
        raise BadBundle("too large")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBundle("not UTF-8") from error
