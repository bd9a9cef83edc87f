"""The people slice as the composition sees it."""

from datetime import timedelta

from portal.core.i18n import _l
from portal.core.jobs import periodic
from portal.features.people import account_list, idle
from portal.features.people.lockout import forget_old
from portal.features.people.organisation import pages as organisation
from portal.features.people.organisation.queries import proposals_waiting
from portal.features.people.pages import ROUTES
from portal.features.people.passkeys import forget_old_challenges
from portal.features.people.queries import end_stale_sessions
from portal.features.people.records import RECORDS
from portal.web.actor import Actor
from portal.web.desk import MOST_COUNTED, Waiting
from portal.web.menu import ADMINISTRATION, PEOPLE, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission

periodic("people.stale_sessions", timedelta(hours=1))(end_stale_sessions)
periodic("people.old_failures", timedelta(hours=6))(forget_old)
periodic("people.old_challenges", timedelta(minutes=30))(forget_old_challenges)


@periodic("people.idle_accounts", timedelta(hours=6))
async def disable_idle() -> None:
    await idle.disable_idle()


async def waiting_changes(_actor: Actor) -> int:
    return await proposals_waiting(MOST_COUNTED)


async def locked(_actor: Actor) -> int:
    return await account_list.locked_now()


async def warned(_actor: Actor) -> int:
    return await idle.number_warned()


async def ended(_actor: Actor) -> int:
    return await account_list.recently_disabled_for_idleness()


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
        MenuItem(
            ADMINISTRATION,
            _l("Accounts"),
            "/accounts",
            Permission.ACCOUNT_READ,
            _l("Who can sign in, second factors, sessions"),
        ),
    ),
    waiting=(
        Waiting(
            _l("changes of the organisation that wait for release"),
            "/people/changes",
            Permission.ORGANISATION_EDIT,
            waiting_changes,
        ),
        Waiting(
            _l("accounts locked after wrong attempts"),
            "/accounts?state=locked",
            Permission.ACCOUNT_RESET,
            locked,
        ),
        Waiting(
            _l("unused accounts that will be disabled soon"),
            "/accounts?state=soon",
            Permission.ACCOUNT_DISABLE,
            warned,
        ),
        Waiting(
            _l("accounts disabled by the portal in the last 14 days, because nobody used them"),
            "/accounts?state=disabled",
            Permission.ACCOUNT_DISABLE,
            ended,
        ),
    ),
)
