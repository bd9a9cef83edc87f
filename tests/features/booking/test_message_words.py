"""What visitors are written: in the language they booked in, with days and hours as people write them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from portal.core import db
from portal.core.crypto import vault
from portal.core.i18n import set_language
from portal.core.settings import settings
from portal.features.booking import closure, resend
from portal.features.booking.closure import NewClosure
from portal.features.booking.queries import OrderView
from tests.factories.booking import an_order
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import a_phone, act_as, run_jobs, view, visitors

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # of a Sunday at the site


async def booked_in(language: str, number: int, slot: int) -> OrderView:
    set_language(language)
    return await an_order(view(slot), visitors=visitors(number), phone=a_phone(number))


async def written_to(order: OrderView) -> str:
    """The last message, with the order's link left out."""
    row = await db.fetchrow(
        "SELECT key, body_sealed FROM visitor_message WHERE order_code = $1 ORDER BY id DESC LIMIT 1",
        order.code,
    )
    assert row is not None
    words = await vault().open(row["body_sealed"], f"message.body:{row['key']}")
    assert words.endswith(f"{settings().base_url}{order.url}")
    return words.removesuffix(f"{settings().base_url}{order.url}")


@pytest.fixture
async def orders(at: Callable[[datetime], None]) -> list[OrderView]:
    """One in Chinese and one in English, for the day after tomorrow."""
    at(NOON)
    slot = await a_slot(await a_product(), day=date(2026, 11, 24))
    return [await booked_in("zh", 1, slot.id), await booked_in("en", 2, slot.id)]


@pytest.mark.charter("BK-11")
async def test_a_closure_says_which_day_and_until_when(orders: list[OrderView]) -> None:
    act_as("ops1")
    slot = orders[0].slot
    await closure.close(
        NewClosure((slot,), date(2026, 11, 24), "weather", "雷雨预警", "Thunderstorm", 24, uuid4())
    )
    await run_jobs()
    chinese, english = [await written_to(order) for order in orders]
    assert chinese == (
        "您预订的11月24日（周二）游览无法进行：雷雨预警。"
        "请在11月23日（周一）12:00前选择改期或退款，逾期将自动全额退款："
    )
    assert english == (
        "Your visit on Tue 24 Nov 2026 cannot take place: Thunderstorm. Choose another time or a refund by "
        "Mon 23 Nov 2026, 12:00; otherwise you will be refunded in full: "
    )


@pytest.mark.charter("BK-6")
async def test_a_link_says_for_which_day(
    orders: list[OrderView], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_SMS_URL", "http://127.0.0.1:9/sms")
    settings.cache_clear()
    for order in orders:
        assert await resend.send_link(order.code)
    assert [await written_to(order) for order in orders] == [
        "您预订的门票：11月24日（周二）09:00入园，查看门票：",
        "Your tickets for Tue 24 Nov 2026, 09:00: ",
    ]
