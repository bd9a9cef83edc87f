"""Lists as files that a spreadsheet opens: CSV with a mark of its encoding, and no cell that would be run."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from litestar import Response

from portal.web.respond import download

#: A cell that begins with one of these is a formula to a spreadsheet.
_RUN = ("=", "+", "-", "@", "\t", "\r")


def csv_file(
    filename: str, head: Sequence[str], rows: Iterable[Sequence[object]]
) -> Response[bytes]:
    """The rows below their heads, to be kept under this name."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(head)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return download(file.getvalue().encode("utf-8-sig"), filename, "text/csv")


def harmless(cell: object) -> Any:
    """The cell as text that no spreadsheet runs; numbers stay numbers."""
    if isinstance(cell, int | float):
        return cell
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_RUN) else text
