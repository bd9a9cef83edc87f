"""People who do not exist: each has a document and a telephone of their own, so that tests never meet."""

from dataclasses import dataclass
from itertools import count

from portal.core import resident_id

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Somebody:
    name: str
    id_number: str


def resident_number(born: str, sequence: int) -> str:
    """A resident ID number (GB 11643-1999) of nobody: the area 999999 is not given out."""
    body = f"999999{born}{sequence:03d}"
    return body + resident_id.check_character(body)


def somebody(name: str = "张三", born: str = "19900307") -> Somebody:
    """A new person; after 999 of one birthday they would repeat, which no session comes near."""
    return Somebody(name, resident_number(born, next(_numbers)))


def phone() -> str:
    return f"138{next(_numbers):08d}"
