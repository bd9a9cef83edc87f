"""What comes in as a file: lines of ours for a draft, told where they are wrong (PO-7)."""

from dataclasses import dataclass
from typing import Any, Final

from litestar import Request
from litestar.datastructures import UploadFile

from portal.features.policy.simulator import spoken
from portal.web.uploads import LARGEST_TEXT, BadFile
from rbac.bundle import BadBundle, is_packed, unpack
from rbac.problem_words import problem_words
from rbac.reading import PolicyError, Problem, column, foreign_fields, split

SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """A line with its number and place (from 1), taken apart around what is wrong, and the words for it."""

    number: int
    column: int
    before: str
    marked: str
    after: str
    words: str


async def posted_text(request: Request[Any, Any, Any], name: str) -> str | None:
    """The text of an uploaded file or of the lines in an archive; None when none was chosen. Raises BadFile."""
    posted = (await request.form()).get(name)
    if not isinstance(posted, UploadFile) or not posted.filename:
        return None
    body = await posted.read(LARGEST_TEXT + 1)
    if len(body) > LARGEST_TEXT:
        raise BadFile("file-large")
    try:
        return unpack(body) if is_packed(body) else body.decode("utf-8-sig")
    except BadBundle:
        raise BadFile("file-archive") from None
    except UnicodeDecodeError:
        raise BadFile("file-encoding") from None


def is_foreign(text: str) -> bool:
    """Whether these are lines of another Casbin model."""
    said = (line.strip() for line in text.split("\n"))
    return foreign_fields(split(line) for line in said if line and line[0] != "#") is not None


def faults(text: str, error: PolicyError) -> list[Fault]:
    """Each problem at its place, at most ``SHOWN``."""
    lines = text.split("\n")
    return [_fault(lines[problem.line - 1].rstrip(), problem) for problem in error.problems[:SHOWN]]


def _fault(line: str, problem: Problem) -> Fault:
    fields = len(split(line))
    field = min(problem.field, fields - 1)
    start = min(column(line, field, problem.offset), len(line))
    end = column(line, field + 1) if field + 1 < fields else len(line)
    stop = max(start, len(line[:end].rstrip().rstrip(",").rstrip()))
    return Fault(
        problem.line,
        start + 1,
        line[:start],
        line[start:stop],
        line[stop:],
        problem_words(problem, spoken()),
    )
