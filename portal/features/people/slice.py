"""The people slice as the composition sees it."""

from datetime import timedelta

from portal.core.i18n import _l
from portal.core.jobs import periodic
from portal.features.people.lockout import forget_old
from portal.features.people.organisation import pages as organisation
from portal.features.people.organisation.queries import proposals_waiting
from portal.features.people.pages import ROUTES
from portal.features.people.queries import end_stale_sessions
from portal.features.people.records import RECORDS
from portal.web.actor import Actor
from portal.web.desk import MOST_COUNTED, Waiting
from portal.web.menu import PEOPLE, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission

periodic("people.stale_sessions", timedelta(hours=1))(end_stale_sessions)
periodic("people.old_failures", timedelta(hours=6))(forget_old)


async def waiting_changes(_actor: Actor) -> int:
    return await proposals_waiting(MOST_COUNTED)


SLICE = Slice(
    "people",
    routes=(*ROUTES, *organisation.ROUTES),
    records=RECORDS,
    menu=(
        MenuItem(
            PEOPLE,
            _l("Organisation"),
            "/people",
            Permission.ORGANISATION_READ,
            _l("Chart, posts and duties"),
        ),
    ),
    waiting=(
        Waiting(
            _l("changes of the organisation that wait for release"),
            "/people/changes",
            Permission.ORGANISATION_EDIT,
            waiting_changes,
        ),
    ),
)
