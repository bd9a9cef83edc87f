"""Changes of the organisation on their way into the policy (PE-1): each proposal of HR is a prepared draft.

HR prepares and may do no more: the security administrator submits the draft like any other and a second person
releases it. Its end is told to the organisation in the same transaction, so that posts follow lines.
"""

from typing import Final
from uuid import UUID

from portal.core import db
from portal.core.i18n import _l
from portal.features.people.organisation import service as organisation
from portal.features.people.organisation.queries import Change
from portal.features.policy import drafts
from portal.features.policy.drafts import Draft
from portal.web.actor import Actor
from portal.web.desk import MOST_COUNTED, Waiting
from rbac.permissions import Permission
from rbac.reading import PolicyError

KIND = "organisation"


class Drafts:
    """Carries proposals as drafts of the policy."""

    async def prepare(self, change: Change, title: str, key: UUID) -> int:
        draft = await drafts.start(title, kind=KIND, key=key)
        try:
            await drafts.change(draft, remove=change.removed, add=change.added)
        except (drafts.Conflict, PolicyError) as error:
            raise organisation.Stale from error
        return draft

    async def drop(self, draft: int) -> bool:
        try:
            await drafts.drop(draft)
        except drafts.DraftGone:
            return False
        return True


async def follow(draft: Draft) -> None:
    if draft.kind != KIND:
        return
    if draft.released_version is None:
        await organisation.dropped(draft.id)
    else:
        await organisation.released(draft.id, draft.released_version)


organisation.carry_with(Drafts())
drafts.on_end.append(follow)


async def prepared(_actor: Actor) -> int:
    """Proposals whose draft was not submitted yet."""
    return int(
        await db.fetchval(
            "SELECT count(*) FROM (SELECT FROM policy_draft WHERE kind = $1 AND state = 'open' LIMIT $2) AS w",
            KIND,
            MOST_COUNTED,
        )
    )


WAITING: Final = (
    Waiting(
        _l("changes of the organisation to submit for release"),
        "/policy",
        Permission.POLICY_DRAFT,
        prepared,
    ),
)
