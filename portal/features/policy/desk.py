"""What the policy puts on the desk: drafts to release, requests for access, the answers for whoever asked."""

from datetime import timedelta
from typing import Final

from portal.core.i18n import _, _l
from portal.features.policy import drafts, requests
from portal.web.actor import Actor
from portal.web.desk import Figure, Waiting
from portal.web.permission import policy
from rbac.permissions import Permission

LONG: Final = timedelta(days=1)  # somebody who cannot work should not wait longer


async def open_requests(_actor: Actor) -> int:
    return (await requests.waiting())[0]


async def releases(actor: Actor) -> int:
    """Submitted drafts that this person may release; those with an old base wait for their authors first."""
    return sum(
        [
            await drafts.may_release(draft, actor.subject)
            for draft in await drafts.living()
            if draft.state == "submitted" and draft.base_version == policy.version
        ]
    )


async def answers(actor: Actor) -> int:
    return await requests.unseen(actor.subject)


async def oldest_request(_actor: Actor) -> tuple[str, str] | None:
    """For how long the oldest has waited; nothing while none waits."""
    _number, age = await requests.waiting()
    return None if age is None else (age_words(age), "bad" if age > LONG else "")


def age_words(age: timedelta) -> str:
    """In the largest unit that is full."""
    minutes = int(age.total_seconds()) // 60
    if minutes < 60:  # noqa: PLR2004
        return _("%(number)s min", number=max(minutes, 0))
    if minutes < 48 * 60:
        return _("%(number)s h", number=minutes // 60)
    return _("%(number)s days", number=minutes // (24 * 60))


WAITING: Final = (
    Waiting(
        _l("drafts of the policy to review and release"),
        "/policy",
        Permission.POLICY_RELEASE,
        releases,
    ),
    Waiting(
        _l("requests for access to decide"),
        "/policy/requests",
        Permission.POLICY_DRAFT,
        open_requests,
    ),
    Waiting(
        _l("answers to your requests for access"),
        "/policy/ask",
        Permission.POLICY_REQUEST_ACCESS,
        answers,
    ),
)
FIGURES: Final = (
    Figure(
        _l("Oldest request for access"),
        "/policy/requests",
        Permission.POLICY_DRAFT,
        oldest_request,
    ),
)
