"""The people slice as the composition sees it."""

from datetime import timedelta

from portal.core.jobs import periodic
from portal.features.people.lockout import forget_old
from portal.features.people.pages import ROUTES
from portal.features.people.queries import end_stale_sessions
from portal.features.people.records import RECORDS
from portal.web.slices import Slice

periodic("people.stale_sessions", timedelta(hours=1))(end_stale_sessions)
periodic("people.old_failures", timedelta(hours=6))(forget_old)

SLICE = Slice("people", routes=ROUTES, records=RECORDS)
