"""Accounts for the policy's simulator: whoever a record is about is its owner."""

from typing import Final

from portal.core import db
from portal.core.i18n import _l
from portal.web.records import MOST_FOUND, Found, Record, RecordKind
from rbac.facts import Facts

_PEOPLE: Final = "SELECT a.username, p.name FROM account a JOIN person p ON p.id = a.person "


async def find_people(typed: str) -> list[Found]:
    """By a part of the name or of the user name."""
    rows = await db.fetch(
        _PEOPLE + "WHERE $1 = '' OR strpos(lower(a.username), $1) > 0 OR strpos(p.name, $2) > 0 "
        "ORDER BY strpos(a.username, $1) <> 1, a.username LIMIT $3",
        typed.lower(),
        typed,
        MOST_FOUND,
    )
    return [_found(row["username"], row["name"]) for row in rows]


async def read_person(username: str) -> Record | None:
    row = await db.fetchrow(_PEOPLE + "WHERE a.username = $1", username)
    if row is None:
        return None
    return Record(_found(row["username"], row["name"]), Facts(owner=row["username"]))


def _found(username: str, name: str) -> Found:
    return Found(username, f"{name} ({username})")


RECORDS: Final = (
    RecordKind(
        "person",
        _l("the file or account of a person"),
        (
            "account",
            "assessment",
            "improvement_plan",
            "personnel",
            "promotion",
            "role",
            "rotation",
            "session",
            "training",
            "work_log",
        ),
        find_people,
        read_person,
    ),
)
