"""Drafts for the simulator: who may release one, its author apart."""

from typing import Final

from portal.core import db
from portal.core.i18n import _, _l
from portal.core.text import whole_number
from portal.features.policy import drafts
from portal.features.policy.drafts import DraftGone
from portal.web.records import MOST_FOUND, Found, Record, RecordKind
from rbac.facts import Facts


async def find_drafts(typed: str) -> list[Found]:
    """By number or a part of the title, the newest first."""
    rows = await db.fetch(
        "SELECT id, title FROM policy_draft WHERE ($1::int IS NULL OR id = $1) "
        "AND ($2 = '' OR $1::int IS NOT NULL OR strpos(title, $2) > 0) ORDER BY id DESC LIMIT $3",
        whole_number(typed),
        typed,
        MOST_FOUND,
    )
    return [_found(row["id"], row["title"]) for row in rows]


async def read_draft(key: str) -> Record | None:
    """Its author asked for it; of several authors the one who began it."""
    number = whole_number(key)
    if number is None:
        return None
    try:
        draft = await drafts.get(number)
    except DraftGone:
        return None
    sole = not (await drafts.releasers() - draft.authors)
    return Record(
        _found(draft.id, draft.title),
        Facts(requester=draft.created_by, attributes={"sole": sole}),
    )


def _found(number: int, title: str) -> Found:
    return Found(str(number), _("draft %(number)s: %(title)s", number=number, title=title))


RECORDS: Final = (
    RecordKind("draft", _l("a draft of the policy"), ("policy",), find_drafts, read_draft),
)
