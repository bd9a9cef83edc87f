"""The payments slice as the composition sees it."""

from datetime import timedelta

from portal.core.jobs import periodic
from portal.features.payments.pages import ROUTES
from portal.features.payments.providers import register
from portal.features.payments.service import close_expired
from portal.features.payments.test_provider import TestBank
from portal.web.slices import Slice

register(TestBank())
periodic("payments.close_expired", timedelta(minutes=1))(close_expired)

SLICE = Slice("payments", routes=ROUTES)
