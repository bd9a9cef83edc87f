"""The ticket window as its seller uses it: drawer, sale, receipt, money back, count."""

import re
from datetime import time, timedelta
from uuid import uuid4

import pytest

from portal.core import clock, db, site_settings
from portal.features.booking import closure, orders, window
from portal.features.booking.closure import NewClosure
from portal.features.catalogue.availability import SlotView
from tests.browser import Browser, SignIn
from tests.factories.booking import PHONE, a_number, an_order, the_order
from tests.factories.catalogue import a_product, a_slot, noticed

FAMILY = {"count-adult": "2", "count-youth": "1"}  # 2 × ¥100 and ¥50
NOBODY_COUNTED = {"count-adult": "", "count-youth": ""}


@pytest.fixture
async def seller(signed_in_as: SignIn) -> Browser:
    """``window1`` with ¥300 in an open drawer."""
    browser = await signed_in_as("window1")
    answer = await browser.post_form("/window", {"float": "300"}, action="/window/open")
    assert answer.status_code == 303
    return browser


async def sell(seller: Browser, slot: SlotView, **fields: str) -> str:
    """Sell in the browser; returns the order code."""
    answer = await seller.post_form(f"/window/{slot.id}", FAMILY | fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


async def drawer() -> window.Drawer:
    found = await window.drawer(
        await db.fetchval("SELECT person FROM account WHERE username = 'window1'")
    )
    assert found is not None
    return found


@pytest.mark.charter("BK-10")
async def test_a_family_without_a_phone_pays_cash_and_gets_change(seller: Browser) -> None:
    slot = await a_slot()
    code = await sell(seller, slot, given="300")
    receipt = await seller.get(f"/window/receipt/{code}?lang=en")
    assert "Change due:" in receipt.text
    assert "¥50" in receipt.text
    assert receipt.text.count('<svg role="img"') == 3, "each visitor has a ticket to print"
    order = await the_order(code)
    assert (order.channel, order.party, order.total_fen, order.paid_fen) == (
        "window",
        3,
        25_000,
        25_000,
    )
    assert (await drawer()).expected_fen == 30_000 + 25_000


@pytest.mark.charter("BK-10")
async def test_the_form_adds_up_without_a_script(seller: Browser) -> None:
    slot = await a_slot()
    answer = await seller.post_form(
        f"/window/{slot.id}", FAMILY | {"given": "300", "work_out": "1"}
    )
    assert answer.status_code == 200
    assert re.search(r"data-total[^>]*>¥250<", answer.text)
    assert re.search(r"data-change[^>]*>¥50<", answer.text)
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (NOBODY_COUNTED, "at least one visitor"),
        ({"count-adult": "x"}, "whole number"),
        ({"count-adult": "51"}, "too large"),
        ({"count-adult": "30", "count-youth": "30"}, "at most 50"),
        ({"given": "249.99"}, "less than the price"),
        ({"given": "much"}, "such as 120"),
        ({"method": "shells"}, "one of the options"),
        ({"contact_phone": "12"}, "mobile number"),
        ({"visitors-adult-0-id_number": "110101199001011234"}, "last digit does not match"),
        (
            {"visitors-adult-0-id_number": a_number(1), "visitors-adult-1-id_number": a_number(1)},
            "already",
        ),
    ],
)
async def test_wrong_input_is_said_beside_its_field_and_nothing_is_lost(
    seller: Browser, fields: dict[str, str], words: str
) -> None:
    slot = await a_slot()
    page = f"/window/{slot.id}?lang=en"
    answer = await seller.post_form(page, FAMILY | {"contact_phone": PHONE} | fields)
    assert answer.status_code == 422
    assert words in answer.text
    for value in fields.values():
        assert f'value="{value}"' in answer.text or fields == {"method": "shells"}
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 0
    assert (await drawer()).sales == 0


@pytest.mark.charter("BK-4")
async def test_the_same_form_sent_twice_sells_once(seller: Browser) -> None:
    slot = await a_slot()
    form = await seller.form(f"/window/{slot.id}")
    answers = [await seller.post(f"/window/{slot.id}", data=form.fields | FAMILY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert (await drawer()).sales == 1


@pytest.mark.charter("BK-10", "BK-2")
async def test_online_cannot_drain_what_is_kept_for_the_window(seller: Browser) -> None:
    product = await a_product()
    slot = await a_slot(product, capacity=5, quota_window=3)
    for serial in (1, 2):
        await an_order(slot, phone=f"1380013800{serial}", visitors=None)
        await db.execute("UPDATE ticket SET id_index = NULL")
    await noticed()
    assert (
        await db.fetchrow(
            "SELECT slot_left_online(slot) AS o, slot_left_window(slot) AS w FROM slot"
        )
    )[:] == (0, 3)
    await sell(seller, slot)
    answer = await seller.post_form(f"/window/{slot.id}?lang=en", {"count-adult": "1"})
    assert answer.status_code == 409
    assert "just been taken" in answer.text


@pytest.mark.charter("BK-10")
async def test_nobody_sells_without_an_open_drawer(signed_in_as: SignIn) -> None:
    browser = await signed_in_as("window1")
    slot = await a_slot()
    answer = await browser.get(f"/window/{slot.id}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/window")
    answer = await browser.post(
        f"/window/{slot.id}",
        data=FAMILY | {"method": "cash", "_csrf_token": await browser.token("/window")},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/window")
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 0


@pytest.mark.charter("BK-10")
async def test_documents_are_asked_for_only_where_the_site_wants_them(seller: Browser) -> None:
    async with db.transaction():
        await site_settings.change("window.documents", "needed")
    slot = await a_slot(await a_product())
    answer = await seller.post_form(f"/window/{slot.id}", {"count-adult": "1"})
    assert answer.status_code == 422
    assert 'name="visitors-adult-0-id_number"' in answer.text
    named = {
        "count-adult": "1",
        "visitors-adult-0-name": "张三",
        "visitors-adult-0-id_number": a_number(),
    }
    assert (await seller.post_form(f"/window/{slot.id}", named)).status_code == 303
    free = await a_slot(await a_product("garden", id_required=False))
    assert (await seller.post_form(f"/window/{free.id}", {"count-adult": "1"})).status_code == 303


async def test_a_document_given_at_the_window_counts_once_a_day_as_everywhere(
    seller: Browser,
) -> None:
    slot = await a_slot()
    named = {"count-adult": "1", "count-youth": "", "visitors-adult-0-id_number": a_number()}
    await sell(seller, slot, **named)
    answer = await seller.post_form(f"/window/{slot.id}?lang=en", named)
    assert answer.status_code == 409
    assert "already has a booking for this day" in answer.text


# --- money back ----------------------------------------------------------------------------------


@pytest.mark.charter("BK-10", "BK-7")
async def test_money_goes_back_from_the_drawer_once(seller: Browser) -> None:
    code = await sell(seller, await a_slot())
    page = f"/window/back?code={code}"
    form = await seller.form(page)
    wanted = form.fields | {"ticket-0": "yes", "method": "cash"}
    answers = [await seller.post("/window/back", data=wanted) for _ in range(2)]
    assert "done=back&fen=10000" in answers[0].headers["location"]
    assert answers[1].status_code == 422, "the ticket has been given back already"
    order = await the_order(code)
    assert (order.state, order.places, order.refunded_fen) == ("confirmed", 2, 10_000)
    found = await drawer()
    assert (found.expected_fen, found.back_fen) == (30_000 + 15_000, 10_000)
    rest = await seller.post_form(
        page, {"ticket-1": "yes", "ticket-2": "yes"}, action="/window/back"
    )
    assert "fen=15000" in rest.headers["location"]
    order = await the_order(code)
    assert (order.state, order.places, order.refunded_fen) == ("refunded", 0, 25_000)
    assert (await drawer()).expected_fen == 30_000
    trail = await db.fetch("SELECT act FROM audit_entry WHERE object_id = $1", code)
    assert [row["act"] for row in trail].count("window_sale:refund") == 2


@pytest.mark.charter("BK-11", "BK-10")
async def test_a_closed_slots_window_sale_waits_to_be_fetched(
    seller: Browser, signed_in_as: SignIn
) -> None:
    """Nobody can send cash home: it is owed until the visitor comes to the window."""
    slot = await a_slot()
    code = await sell(seller, slot)
    reason = NewClosure((slot.id,), slot.visit_day, "weather", "大风", "Storm", 24, uuid4())
    await closure.close(reason)
    await closure.refund(code)
    assert (await the_order(code)).state == "refunding"
    assert (await drawer()).back_fen == 0
    assert "may fetch" in (await seller.get("/desk?lang=en")).text
    answer = await seller.post_form(f"/window/back?code={code}", action="/window/back")
    assert "fen=25000" in answer.headers["location"]
    assert (await the_order(code)).state == "refunded"
    again = await seller.get(f"/window/back?code={code}")
    assert 'name="method"' not in again.text, "nothing is left to give back"


async def test_what_was_paid_by_card_does_not_leave_the_cash(seller: Browser) -> None:
    code = await sell(seller, await a_slot(), method="card")
    assert (await drawer()).expected_fen == 30_000
    await seller.post_form(f"/window/back?code={code}", {"ticket-0": "yes"}, action="/window/back")
    found = await drawer()
    assert (found.expected_fen, found.card_fen) == (30_000, 15_000)


async def test_an_online_order_gets_its_money_back_the_way_it_came(seller: Browser) -> None:
    order = await an_order()
    answer = await seller.get(f"/window/back?code={order.code}&lang=en")
    assert "not sold at the window" in answer.text
    answer = await seller.post(
        "/window/back",
        data={"code": order.code, "method": "cash", "ticket-0": "yes"}
        | {"_csrf_token": await seller.token("/window/back")},
    )
    assert answer.status_code == 422
    assert (await the_order(order.code)).places == 1


async def test_an_unknown_code_is_said_so(seller: Browser) -> None:
    answer = await seller.get("/window/back?code=nonsense&lang=en")
    assert answer.status_code == 422
    assert "no order with this code" in answer.text


async def test_a_moved_window_sale_is_still_paid_out_at_the_window(
    seller: Browser, visitor: Browser
) -> None:
    product = await a_product()
    slot, later = (
        await a_slot(product),
        await a_slot(product, starts=time(14)),
    )
    code = await sell(seller, slot, contact_phone=PHONE)
    order = await the_order(code)
    moved = await visitor.post_form(
        f"/orders/{code}/change?key={order.key}", {"slot": str(later.id)}
    )
    fresh = moved.headers["location"].partition("?")[0].rpartition("/")[2]
    assert fresh != code
    answer = await seller.post_form(
        f"/window/back?code={fresh}", {"ticket-0": "yes"}, action="/window/back"
    )
    assert "fen=10000" in answer.headers["location"]


async def test_cancelling_at_home_owes_once_however_often_it_is_tried(seller: Browser) -> None:
    code = await sell(seller, await a_slot())
    await orders.cancel(code)
    with pytest.raises(orders.OrderGone):
        await orders.cancel(code)
    order = await the_order(code)
    assert (order.state, order.owed_fen) == ("refunding", 25_000)
    assert [due.fen for due in await window.owed(10)] == [25_000]


# --- the count -----------------------------------------------------------------------------------


@pytest.mark.charter("BK-10")
async def test_a_drawer_that_balances_closes_at_once(seller: Browser) -> None:
    await sell(seller, await a_slot())
    answer = await seller.post_form("/window/close", {"counted": "550"})
    assert answer.headers["location"].startswith("/window?done=closed")
    again = await seller.post(
        "/window/close", data={"counted": "550", "_csrf_token": await seller.token("/window")}
    )
    assert again.status_code == 303, "a repeat finds it closed"


@pytest.mark.charter("BK-10")
async def test_a_difference_wants_a_word_and_somebody_above_looks_at_it(
    seller: Browser, signed_in_as: SignIn
) -> None:
    await sell(seller, await a_slot())
    answer = await seller.post_form("/window/close?lang=en", {"counted": "500"})
    assert answer.status_code == 422
    assert "¥50 less" in answer.text
    assert 'value="500"' in answer.text
    assert (await drawer()).closed_at is None
    answer = await seller.post_form("/window/close", {"counted": "500", "note": "给错找零"})
    assert answer.status_code == 303
    manager = await signed_in_as("manager.systems")
    assert "drawers whose count was off" in (await manager.get("/desk?lang=en")).text
    shift = (await window.drawers(clock.today(), clock.today()))[0].id
    page = await manager.get(f"/window/drawers/{shift}?lang=en")
    assert "-¥50" in page.text
    assert "给错找零" in page.text
    done = await manager.post_form(f"/window/drawers/{shift}", {"remark": "已核对监控"})
    assert done.status_code == 303
    assert "drawers whose count was off" not in (await manager.get("/desk?lang=en")).text


async def test_notes_are_added_up_by_the_server(seller: Browser) -> None:
    answer = await seller.post_form(
        "/window/close", {"notes-10000": "2", "notes-5000": "2", "add_up": "1"}
    )
    assert answer.status_code == 200
    assert 'value="300.00"' in answer.text


async def test_the_report_sums_up_and_exports(seller: Browser, signed_in_as: SignIn) -> None:
    await sell(seller, await a_slot(), method="scan")
    manager = await signed_in_as("manager.systems")
    page = await manager.get("/window/drawers?lang=en")
    assert "¥250" in page.text
    file = await manager.get("/window/drawers.csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert ",250.0," in file.text
    nonsense = await manager.get("/window/drawers?first=x&last=2026-99-99")
    assert nonsense.status_code == 200
    assert (await manager.get("/window/drawers/999")).status_code == 404


@pytest.mark.charter("PO-1")
@pytest.mark.parametrize("username", ["ops1", "gate1", "sysadmin", "auditadmin", "director"])
async def test_who_is_no_seller_is_refused_and_the_refusal_is_on_the_trail(
    signed_in_as: SignIn, username: str
) -> None:
    browser = await signed_in_as(username)
    assert (await browser.get("/window")).status_code == 403
    refused = await db.fetchval(
        "SELECT count(*) FROM audit_entry WHERE outcome = 'refused' AND act = 'window_sale:create'"
    )
    assert refused == 1


async def test_sellers_do_not_see_the_drawers_of_others(seller: Browser) -> None:
    assert (await seller.get("/window/drawers")).status_code == 403


async def test_a_refused_sale_takes_no_money(seller: Browser) -> None:
    slot = await a_slot(capacity=1)
    answer = await seller.post_form(f"/window/{slot.id}?lang=en", FAMILY)
    assert answer.status_code == 409
    assert (await drawer()).sales == 0


async def test_yesterdays_slot_is_not_sold(seller: Browser) -> None:
    slot = await a_slot(day=clock.today() - timedelta(days=1))
    answer = await seller.post_form(f"/window/{slot.id}?lang=en", FAMILY)
    assert answer.status_code == 409
    assert "no longer be booked" in answer.text
