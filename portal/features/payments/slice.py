"""The payments slice as the composition sees it."""

from datetime import timedelta

from portal.core.jobs import periodic
from portal.features.payments.pages import ROUTES
from portal.features.payments.providers import register
from portal.features.payments.service import ask_silent, chase_refunds, close_expired
from portal.features.payments.test_provider import TestBank
from portal.web.slices import Slice

register(TestBank())
periodic("payments.close_expired", timedelta(minutes=1))(close_expired)


@periodic("payments.ask", timedelta(minutes=1))
async def ask_providers() -> None:
    await ask_silent()


@periodic("payments.refunds", timedelta(minutes=15))
async def call_for_refunds() -> None:
    await chase_refunds()


SLICE = Slice("payments", routes=ROUTES)
