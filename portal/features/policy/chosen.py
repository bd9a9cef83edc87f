"""The policy that a question is put to: the one in force, any version, any draft."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from portal.core import db
from portal.core.i18n import _
from portal.web.permission import policy
from rbac.compiled import CompiledPolicy
from rbac.policy import Policy
from rbac.reading import PolicyError

KEPT: Final = 4  # compiled ones that are not in force: a draft is asked many times in a row
OFFERED: Final = 30

_REFERENCE: Final = re.compile(r"[vd][1-9]\d{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Chosen:
    """``reference`` is empty for the policy in force, else ``v12`` or ``d5``."""

    reference: str
    number: int
    compiled: CompiledPolicy

    @property
    def is_draft(self) -> bool:
        return self.reference.startswith("d")

    @property
    def words(self) -> str:
        if self.is_draft:
            return _("draft %(number)s", number=self.number)
        if self.reference:
            return _("version %(number)s", number=self.number)
        return _("version %(number)s, in force", number=self.number)

    def place(self) -> Callable[[tuple[str, ...]], int | None]:
        """Tells at which line of the policy's text a line stands."""
        places = {tokens: number for number, tokens in enumerate(self.compiled.policy.lines, 1)}
        return places.get


_compiled: dict[tuple[str, str], CompiledPolicy] = {}


def is_reference(text: str) -> bool:
    return not text or _REFERENCE.fullmatch(text) is not None


async def chosen(reference: str) -> Chosen | None:
    """The policy of a reference; None when there is none, or it cannot be read any more."""
    if not reference:
        snapshot = policy.snapshot
        return Chosen("", *snapshot) if snapshot else None
    number = int(reference[1:])
    table = "policy_draft" if reference.startswith("d") else "policy_version"
    key = "id" if reference.startswith("d") else "version"
    lines = await db.fetchval(f"SELECT lines FROM {table} WHERE {key} = $1", number)  # noqa: S608
    if lines is None:
        return None
    compiled = _compiled.get((reference, lines))
    if compiled is None:
        try:
            compiled = CompiledPolicy(Policy.parse(lines))
        except PolicyError:
            return None
        while len(_compiled) >= KEPT:
            _compiled.pop(next(iter(_compiled)))
        _compiled[reference, lines] = compiled
    return Chosen(reference, number, compiled)


async def offered() -> list[tuple[str, str]]:
    """What a question may be put to: the one in force, drafts that are open, earlier versions."""
    in_force = policy.version
    drafts = await db.fetch(
        "SELECT id, title FROM policy_draft WHERE state IN ('open', 'submitted') ORDER BY id DESC LIMIT $1",
        OFFERED,
    )
    versions = await db.fetch(
        "SELECT version FROM policy_version WHERE version IS DISTINCT FROM $1 ORDER BY version DESC LIMIT $2",
        in_force,
        OFFERED,
    )
    return [
        ("", _("version %(number)s, in force", number=in_force)),
        *(
            (
                f"d{row['id']}",
                _("draft %(number)s: %(title)s", number=row["id"], title=row["title"]),
            )
            for row in drafts
        ),
        *(
            (f"v{row['version']}", _("version %(number)s", number=row["version"]))
            for row in versions
        ),
    ]
