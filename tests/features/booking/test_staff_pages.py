"""Staff's pages of bookings by HTTP: orders, closures, the call list, suspensions, the measured goals."""

from datetime import time, timedelta
from uuid import uuid4

import pytest

from portal.core import clock, db, site_settings
from portal.core.crypto import vault
from portal.features.booking import attempts, blocks, closure
from portal.features.booking.closure import NewClosure
from portal.features.booking.place import phone_index
from portal.features.booking.rules.documents import PASSPORT, Document
from portal.features.booking.rules.party import Visitor
from portal.features.catalogue.availability import SlotView
from tests.browser import HTMX, Browser, SignIn, forms
from tests.factories.booking import PHONE, a_number, a_visitor, an_order, the_order
from tests.factories.catalogue import a_product, a_slot, noticed

MANAGER = "manager.systems"


@pytest.fixture
async def manager(signed_in_as: SignIn) -> Browser:
    return await signed_in_as(MANAGER)


async def refusals(act: str) -> int:
    return int(
        await db.fetchval(
            "SELECT count(*) FROM audit_entry WHERE act = $1 AND outcome = 'refused'", act
        )
    )


# --- orders --------------------------------------------------------------------------------------


async def test_a_day_lists_its_orders_and_narrows_them(manager: Browser) -> None:
    product = await a_product()
    slot, later = (
        await a_slot(product),
        await a_slot(product, starts=time(14)),
    )
    first, second = (
        await an_order(slot),
        await an_order(later, visitors=[a_visitor(2)], phone="13800138001"),
    )
    day = f"/bookings?date={slot.visit_day}"
    page = await manager.get(day)
    assert first.shown_code in page.text
    assert second.shown_code in page.text
    narrowed = await manager.get(f"{day}&slot={later.id}")
    assert first.shown_code not in narrowed.text
    assert second.shown_code in narrowed.text
    assert second.shown_code not in (await manager.get(f"{day}&state=cancelled")).text
    assert second.shown_code not in (await manager.get(f"{day}&channel=window")).text
    nonsense = await manager.get("/bookings?date=never&slot=x&state=y&channel=z&page=-1")
    assert nonsense.status_code == 200


@pytest.mark.charter("RK-6")
@pytest.mark.parametrize("typed", [PHONE, "138 0013 8000", a_number(1), "USA e1234567"])
async def test_an_order_is_found_by_what_the_visitor_has_at_hand(
    manager: Browser, typed: str
) -> None:
    passport = Visitor("Ann Lee", "adult", Document(PASSPORT, "E1234567", "USA"), None)
    order = await an_order(visitors=[a_visitor(1), passport])
    found = await manager.post_form("/bookings", {"q": typed})
    assert order.shown_code in found.text
    assert typed not in str(found.request.url), "no number stands in an address"


async def test_a_code_leads_to_its_order_and_nonsense_to_nothing(manager: Browser) -> None:
    order = await an_order()
    answer = await manager.post_form("/bookings", {"q": order.shown_code.lower()})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/bookings/{order.code}")
    nothing = await manager.post_form("/bookings?lang=en", {"q": "=1+1"})
    assert "No order of the last year matches" in nothing.text
    empty = await manager.post_form("/bookings", {"q": ""})
    assert empty.status_code == 422
    assert (await manager.get("/bookings/nonsense")).status_code == 404


@pytest.mark.charter("RK-6")
async def test_the_file_of_a_day_is_masked_and_on_the_trail(manager: Browser) -> None:
    order = await an_order(
        visitors=[Visitor("=1+1", "adult", Document("resident_id", a_number()), None)]
    )
    file = await manager.get(f"/bookings.csv?date={order.visit_day}")
    assert order.shown_code in file.text
    assert a_number() not in file.text
    assert PHONE not in file.text
    assert ",=1" not in file.text, "a spreadsheet would run it"
    entry = await db.fetchrow("SELECT * FROM audit_entry WHERE act = 'order:list'")
    assert '"exported": 1' in entry["detail"]


@pytest.mark.charter("RK-6", "AU-1")
async def test_a_name_is_shown_for_a_reason_that_the_trail_keeps(manager: Browser) -> None:
    order = await an_order()
    page = await manager.get(f"/bookings/{order.code}")
    assert a_number() not in page.text
    short = await manager.post_form(f"/bookings/{order.code}?lang=en", {"reason": "x"})
    assert short.status_code == 422
    assert "a few words" in short.text
    assert a_number() not in short.text
    shown = await manager.post_form(f"/bookings/{order.code}", {"reason": "游客来电核对"})
    assert a_number() in shown.text
    assert 'data-hide-after="30"' in shown.text
    detail = await db.fetchval("SELECT detail::text FROM audit_entry WHERE act = 'visitor:reveal'")
    assert "游客来电核对" in detail


@pytest.mark.charter("PO-1", "RK-6")
@pytest.mark.parametrize("username", ["window1", "finance", "tech1"])
async def test_who_may_not_reveal_is_not_even_asked_for_a_reason(
    signed_in_as: SignIn, username: str
) -> None:
    order = await an_order()
    browser = await signed_in_as(username)
    page = await browser.get(f"/bookings/{order.code}")
    assert 'name="reason"' not in page.text
    refused = await browser.post(
        f"/bookings/{order.code}/reveal",
        data={"reason": "curious", "_csrf_token": await browser.token("/account")},
    )
    assert refused.status_code == 403
    assert a_number() not in refused.text
    assert await refusals("visitor:reveal") == 1


@pytest.mark.charter("BK-7")
async def test_a_manager_cancels_by_the_published_rules(manager: Browser) -> None:
    order = await an_order(visitors=[a_visitor(1), a_visitor(2)])
    asked = await manager.get(f"/bookings/{order.code}/cancel?lang=en")
    assert "¥100" in asked.text
    done = await manager.post_form(f"/bookings/{order.code}/cancel", {"ticket-0": "yes"})
    assert done.headers["location"].endswith("done=cancelled")
    assert (await the_order(order.code)).places == 1
    await manager.post_form(f"/bookings/{order.code}/cancel")
    assert (await the_order(order.code)).state == "cancelled"
    again = await manager.get(f"/bookings/{order.code}/cancel")
    assert again.headers["location"].endswith("done=nothing")


@pytest.mark.charter("PO-1")
@pytest.mark.parametrize("username", ["ops1", "window1"])
async def test_others_do_not_cancel_an_online_order(signed_in_as: SignIn, username: str) -> None:
    order = await an_order()
    browser = await signed_in_as(username)
    assert "/cancel" not in (await browser.get(f"/bookings/{order.code}")).text
    assert (await browser.get(f"/bookings/{order.code}/cancel")).status_code == 403
    answer = await browser.post(
        f"/bookings/{order.code}/cancel", data={"_csrf_token": await browser.token("/account")}
    )
    assert answer.status_code == 403
    assert (await the_order(order.code)).places == 1


# --- closures ------------------------------------------------------------------------------------


@pytest.mark.charter("BK-11")
async def test_a_closure_is_seen_before_it_is_made(manager: Browser) -> None:
    slot = await a_slot()
    order = await an_order(slot, visitors=[a_visitor(1), a_visitor(2)])
    page = f"/closures/new?date={slot.visit_day}&lang=en"
    wish = {f"slot-{slot.id}": "yes", "kind": "weather", "reason_zh": "大风"}
    seen = await manager.post_form(page, wish, action="/closures")
    assert seen.status_code == 200
    assert "Is this right?" in seen.text
    assert not await db.fetchval("SELECT closed FROM slot"), "looking closes nothing"
    form = next(found for found in forms(seen.text) if found.action == "/closures")
    made = await manager.post("/closures", data=form.fields | {"seen": "yes"})
    assert made.status_code == 303
    again = await manager.post("/closures", data=form.fields | {"seen": "yes"})
    assert again.headers["location"] == made.headers["location"], "a repeat finds the first"
    number = int(made.headers["location"].rpartition("/")[2])
    for _ in range(2):
        await closure.tell_holders(number)
    progress = await manager.get(f"{made.headers['location']}?lang=en")
    assert "1 of 1 told" in progress.text
    assert order.shown_code in progress.text
    assert await db.fetchval("SELECT count(*) FROM visitor_message") == 1, "nobody is told twice"


@pytest.mark.charter("BK-11")
async def test_a_whole_day_is_closed_by_one_tick(manager: Browser) -> None:
    product = await a_product()
    slots = [await a_slot(product, starts=time(hour)) for hour in (9, 13)]
    page = f"/closures/new?date={slots[0].visit_day}"
    seen = await manager.post_form(page, {f"product-{product}": "yes"}, action="/closures")
    form = next(found for found in forms(seen.text) if found.action == "/closures")
    await manager.post("/closures", data=form.fields | {"seen": "yes"})
    assert await db.fetchval("SELECT count(*) FROM slot WHERE closed") == len(slots)
    reason = await db.fetchrow("SELECT reason_zh, reason_en FROM closure")
    assert tuple(reason) == ("天气", "Weather"), "the kind is the reason where none is written"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "at least one slot"),
        ({"choose_hours": "0"}, "too small"),
        ({"choose_hours": "x"}, "whole number"),
        ({"kind": "boredom"}, "one of the options"),
        ({"reason_zh": "长" * 301}, "too long"),
    ],
)
async def test_a_closure_with_wrong_input_comes_back_as_typed(
    manager: Browser, fields: dict[str, str], words: str
) -> None:
    slot = await a_slot()
    chosen = {f"slot-{slot.id}": "yes"} if fields else {}
    page = f"/closures/new?date={slot.visit_day}&lang=en"
    answer = await manager.post_form(
        page, {"reason_en": "Storm"} | chosen | fields, action="/closures"
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="Storm"' in answer.text
    assert await db.fetchval("SELECT count(*) FROM closure") == 0


async def a_closure(slot: SlotView) -> int:
    made = await closure.close(
        NewClosure((slot.id,), slot.visit_day, "weather", "大风", "Storm", 24, uuid4())
    )
    await noticed()
    return made


@pytest.mark.charter("BK-11")
async def test_telling_goes_on_where_it_stopped(manager: Browser) -> None:
    slot = await a_slot()
    await an_order(slot)
    made = await a_closure(slot)
    await db.execute("DELETE FROM job")  # the work was given up
    answer = await manager.post_form(f"/closures/{made}", action=f"/closures/{made}/resume")
    assert answer.status_code == 303
    assert await db.fetchval("SELECT count(*) FROM job WHERE name = 'closure.tell'") == 1
    await closure.tell_holders(made)
    assert not await closure.resume(made), "everybody knows"


@pytest.mark.charter("BK-11")
async def test_a_lifted_closure_opens_the_slots_and_leaves_the_refunded_alone(
    manager: Browser, signed_in_as: SignIn
) -> None:
    slot = await a_slot()
    kept, given = (
        await an_order(slot),
        await an_order(slot, visitors=[a_visitor(2)], phone="13800138001"),
    )
    made = await a_closure(slot)
    await closure.refund(given.code)
    specialist = await signed_in_as("ops1")
    assert (await specialist.get(f"/closures/{made}/lift")).status_code == 403
    assert "Keep their tickets" in (await manager.get(f"/closures/{made}/lift?lang=en")).text
    answer = await manager.post_form(f"/closures/{made}/lift")
    assert answer.status_code == 303
    assert not await db.fetchval("SELECT closed FROM slot")
    assert (await the_order(kept.code)).places == 1
    assert (await the_order(given.code)).places == 0
    assert (await manager.get(f"/closures/{made}/lift")).status_code == 303, "lifted already"


@pytest.mark.charter("BK-11", "BK-1")
async def test_all_visitors_read_a_banner_until_the_day_is_over(
    manager: Browser, visitor: Browser
) -> None:
    slot = await a_slot()
    made = await a_closure(slot)
    answer = await manager.post_form(f"/closures/{made}", action=f"/closures/{made}/banner")
    assert answer.headers["location"].endswith("done=banner")
    await site_settings.load()
    assert "大风" in (await visitor.get("/help?lang=zh")).text
    assert "Storm" in (await visitor.get("/help?lang=en")).text
    await manager.post_form("/closures", action="/closures/banner/off")
    await site_settings.load()
    assert "Storm" not in (await visitor.get("/help?lang=en")).text
    empty = await manager.post_form(
        f"/closures/{made}", {"banner_en": ""}, action=f"/closures/{made}/banner"
    )
    assert empty.status_code == 422


async def test_a_banner_whose_time_is_over_is_not_shown(visitor: Browser) -> None:
    async with db.transaction():
        await site_settings.change("site.banner_en", "The cable car rests")
        await site_settings.change("site.banner_until", "2020-01-01 18:00")
    assert "The cable car rests" not in (await visitor.get("/help?lang=en")).text


# --- the call list -------------------------------------------------------------------------------


@pytest.mark.charter("BK-11", "RK-6")
async def test_numbers_of_the_call_list_are_shown_on_the_trail_only(
    signed_in_as: SignIn,
) -> None:
    slot = await a_slot()
    order = await an_order(slot)
    await closure.tell_holders(await a_closure(slot))
    caller = await signed_in_as("ops1")
    masked = await caller.get("/calls?lang=en")
    assert PHONE not in masked.text
    assert order.key not in masked.text, "the words must not carry the visitor's secret link"
    shown = await caller.post_form("/calls", action="/calls?")
    assert PHONE in shown.text
    trail = await db.fetchval("SELECT object_id FROM audit_entry WHERE act = 'visitor:reveal'")
    assert trail == order.code
    message = await db.fetchval("SELECT id FROM visitor_message")
    missed = await caller.post_form("/calls", action=f"/calls/{message}/missed")
    assert missed.status_code == 303
    assert "tried once" in (await caller.get("/calls?lang=en")).text
    told = await caller.post(
        f"/calls/{message}/told", data={"_csrf_token": await caller.token("/calls")}, headers=HTMX
    )
    assert (told.status_code, told.text) == (200, ""), "the row goes, the page stays"
    assert order.shown_code not in (await caller.get("/calls")).text
    row = await db.fetchrow("SELECT state, handled_by FROM visitor_message")
    assert tuple(row) == ("sent", "ops1")


@pytest.mark.charter("PO-1")
async def test_who_may_not_reveal_has_no_call_list(signed_in_as: SignIn) -> None:
    assert (await (await signed_in_as("window1")).get("/calls")).status_code == 403


# --- suspensions ---------------------------------------------------------------------------------


@pytest.mark.charter("BK-7")
async def test_a_number_is_suspended_once_and_lifted_for_a_reason(manager: Browser) -> None:
    form = await manager.form("/blocks", action="/blocks")
    wish = form.fields | {"kind": "phone", "number": PHONE, "days": "30", "note": "倒票"}
    answers = [await manager.post("/blocks", data=wish) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert await db.fetchval("SELECT count(*) FROM booking_block") == 1
    held = await blocks.in_force(phone_index(PHONE))
    assert held is not None
    assert PHONE not in (await manager.get("/blocks")).text, "only the fingerprint is kept"
    short = await manager.post_form(
        f"/blocks/{held.id}", {"why": "x"}, action=f"/blocks/{held.id}/lift"
    )
    assert short.status_code == 422
    await manager.post_form(
        f"/blocks/{held.id}", {"why": "查明系误判"}, action=f"/blocks/{held.id}/lift"
    )
    assert await blocks.in_force(phone_index(PHONE)) is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"number": ""}, "fill this in"),
        ({"kind": "phone", "number": "12"}, "mobile number"),
        ({"kind": "document", "number": "123"}, "18 characters"),
        (
            {"kind": "document", "id_type": "passport", "number": "E1234567", "country": "U"},
            "three letters",
        ),
        ({"days": "0"}, "too small"),
        ({"days": "99999"}, "too large"),
        ({"note": ""}, "fill this in"),
    ],
)
async def test_a_suspension_with_wrong_input_is_not_made(
    manager: Browser, fields: dict[str, str], words: str
) -> None:
    good = {"kind": "phone", "number": PHONE, "days": "30", "note": "note"}
    answer = await manager.post_form("/blocks?lang=en", good | fields, action="/blocks")
    assert answer.status_code == 422
    assert words in answer.text
    assert await db.fetchval("SELECT count(*) FROM booking_block") == 0


@pytest.mark.charter("BK-7")
async def test_an_appeal_is_decided_by_a_person_who_answers(
    manager: Browser, visitor: Browser
) -> None:
    block = await blocks.suspend(phone_index(PHONE), "phone", 30, "倒票", uuid4())
    await blocks.file_appeal(block, "我没有倒票，请核查。")
    assert "badge" in (await manager.get("/blocks?show=appeals")).text
    appeal = await db.fetchval("SELECT id FROM appeal")
    page = f"/appeals/{appeal}"
    assert "我没有倒票" in (await manager.get(page)).text
    wrong = await manager.post_form(page, {"decision": "perhaps", "answer": ""})
    assert wrong.status_code == 422
    done = await manager.post_form(page, {"decision": "grant", "answer": "经核查属实，已解除。"})
    assert done.status_code == 303
    assert await blocks.in_force(phone_index(PHONE)) is None
    assert "经核查属实" in (await manager.get(page)).text
    assert (await manager.get("/appeals/999")).status_code == 404
    assert (await manager.get("/blocks/999")).status_code == 404


async def test_an_appeal_whose_words_are_destroyed_can_still_be_decided(manager: Browser) -> None:
    block = await blocks.suspend(phone_index(PHONE), "phone", 30, "note", uuid4())
    await blocks.file_appeal(block, "Please look again.")
    await vault().destroy(blocks.PURPOSE, str(clock.today().year))
    appeal = await db.fetchval("SELECT id FROM appeal")
    page = await manager.get(f"/appeals/{appeal}")
    assert page.status_code == 200
    assert "Please look again." not in page.text


# --- measured goals ------------------------------------------------------------------------------


@pytest.mark.charter("BK-12")
async def test_the_goals_are_live_and_count_what_visitors_sent(manager: Browser) -> None:
    slot = await a_slot()
    await an_order(slot)
    attempts.count("fault", slot.product)
    attempts.count("booked", slot.product, "window")
    await attempts.write()
    page = await manager.get("/goals?lang=en")
    assert "50.00 %" in page.text, "one booked, one failed; the window is not counted"
    assert "What is counted" in page.text
    assert page.text.count("<svg viewBox") >= 2
    live = await manager.get("/goals?lang=en", headers=HTMX)
    assert live.text.lstrip().startswith('<div id="figures"')


@pytest.mark.charter("BK-12")
async def test_a_day_without_attempts_has_no_made_up_rate(manager: Browser) -> None:
    page = await manager.get("/goals?lang=en")
    assert page.status_code == 200
    assert "No attempts have been counted yet" in page.text


async def test_attempts_of_earlier_days_stand_under_their_day(manager: Browser) -> None:
    day = clock.today() - timedelta(days=3)
    await db.execute(
        "INSERT INTO booking_attempt VALUES ($1, 40, 1, 'online', 'booked', 7)",
        clock.at(day, clock.local(clock.now()).time()),
    )
    assert f">{day.isoformat()}<" in (await manager.get("/goals")).text
