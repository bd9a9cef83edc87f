"""After booking: find the order again, take its tickets along, pay, move, cancel, see one's data."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e import people
from e2e.browsing import DESKTOP, Watch
from e2e.inspection import barriers, misfits
from e2e.pages.booking import CABLE_CAR, BookingForm, DayPage, OrderPage
from e2e.words import said

MOVED = "Your order has been moved. Please use these tickets; the old ones are no longer valid."
OpenOrder = Callable[..., OrderPage]
WAYS = pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])


def button(page: Page, message: str) -> None:
    page.get_by_role("button", name=said(message)).click()


def refunded(page: Page, words: re.Pattern[str]) -> None:
    """Money goes back in a job of its own: look again until it has."""
    for _second in range(20):
        if words.search(page.content()):
            return
        page.wait_for_timeout(500)
        page.reload()
    pytest.fail("the refund does not come")


@pytest.mark.charter("BK-3")
@WAYS
def test_code_and_telephone_find_an_order(
    an_order: OpenOrder, visit: Callable[..., Page], javascript: bool
) -> None:
    phone = people.phone()
    code = an_order(phone=phone).shown_code
    page = visit(javascript=javascript)
    page.goto("/orders")
    page.get_by_label(said("Order code")).fill(code.lower().replace("-", " "))
    page.get_by_label(said("Mobile number given when booking")).fill(people.phone())
    button(page, "Find")
    expect(page.get_by_role("alert")).to_contain_text(
        said("No order matches this code and phone number.", part=True)
    )
    page.get_by_label(said("Mobile number given when booking")).fill(phone)
    button(page, "Find")
    expect(OrderPage(page).code).to_have_text(code)


@pytest.mark.charter("BK-6")
def test_tickets_are_taken_along_as_pdf_calendar_and_paper(
    an_order: OpenOrder, tmp_path: Path
) -> None:
    order = an_order(party=3)
    code = order.shown_code
    with order.page.expect_download() as waiting:
        order.pdf.click()
    waiting.value.save_as(tmp_path / "ticket.pdf")
    assert waiting.value.suggested_filename == f"{code}.pdf"
    assert (tmp_path / "ticket.pdf").read_bytes().startswith(b"%PDF-")
    with order.page.expect_download() as waiting:
        order.calendar.click()
    waiting.value.save_as(tmp_path / "visit.ics")
    assert code in (tmp_path / "visit.ics").read_text("utf-8")
    order.print.click()
    order.page.wait_for_url("**/print?*")
    assert barriers(order.page) == []
    order.page.emulate_media(media="print")
    qr = order.qr(2).bounding_box()
    assert qr is not None
    assert qr["width"] > 30 / 25.4 * 96  # 30 mm at 96 px to the inch
    expect(order.page.get_by_role("button")).to_be_hidden()
    order.page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    pages = re.findall(rb"/Type /Page\b", (tmp_path / "sheet.pdf").read_bytes())
    assert len(pages) == 1


@pytest.mark.charter("BK-7")
@WAYS
def test_an_order_moves_to_another_time_once(an_order: OpenOrder, javascript: bool) -> None:
    order = an_order(ahead=3, javascript=javascript)
    old, address = order.shown_code, order.page.url
    order.move.click()
    if javascript:
        assert barriers(order.page) + misfits(order.page) == []
    order.page.get_by_role("radio").last.check()
    button(order.page, "Move the order")
    expect(order.news).to_contain_text(said(MOVED, part=True))
    assert order.shown_code != old
    expect(order.move).to_be_hidden()
    order.page.goto(address)
    expect(order.page.get_by_text(said("Moved to another slot")).first).to_be_visible()
    expect(order.tickets.locator(".qr")).to_have_count(0)


@pytest.mark.charter("BK-7")
@WAYS
def test_an_order_is_cancelled_in_part_and_then_whole(
    an_order: OpenOrder, javascript: bool
) -> None:
    order = an_order(ahead=3, party=3, javascript=javascript)
    order.cancel.click()
    if javascript:
        assert barriers(order.page) + misfits(order.page) == []
    order.page.get_by_role("checkbox").nth(1).check()
    button(order.page, "Cancel now")
    expect(order.news).to_contain_text(said("Cancelled. The places have been released.", part=True))
    expect(order.tickets.locator(".qr")).to_have_count(2)
    order.cancel.click()
    button(order.page, "Cancel now")
    expect(order.tickets.locator(".qr")).to_have_count(0)
    expect(order.cancel).to_be_hidden()
    expect(order.page.get_by_text(said("Cancelled")).first).to_be_visible()


@pytest.mark.charter("BK-5", "BK-7")
@WAYS
def test_a_ride_is_paid_online_and_refunded(visit: Callable[..., Page], javascript: bool) -> None:
    page = visit(DESKTOP, lang="en", javascript=javascript)
    DayPage(page).open().choose(1).slots(CABLE_CAR).nth(2).click()
    BookingForm(page).send(people.somebody(), phone=people.phone())
    order = OrderPage(page)
    expect(order.heading).to_have_text(said("Please pay to keep your places"))
    expect(order.tickets.locator(".qr")).to_have_count(0)
    if javascript:
        expect(page.locator("time[data-countdown]")).to_have_text(re.compile(r"^1[45]:\d\d$"))
        assert barriers(page) + misfits(page) == []
    pay = page.get_by_role("button", name=said("Pay %(sum)s"))
    pay.click()
    if javascript:
        assert barriers(page) + misfits(page) == []
    button(page, "Give up")
    expect(order.heading).to_have_text(said("Please pay to keep your places"))
    pay.click()
    page.get_by_role("button", name=said("Pay")).click()
    expect(order.heading).to_have_text(said("Your places are booked"))
    expect(order.qr()).to_be_visible()
    order.cancel.click()
    expect(page.get_by_text("¥60").first).to_be_visible()
    button(page, "Cancel now")
    refunded(page, said("refunded %(sum)s", sum="¥60", part=True))


@pytest.mark.charter("RK-6")
def test_ones_data_is_seen_and_deleted(an_order: OpenOrder, tmp_path: Path) -> None:
    phone = people.phone()
    order = an_order(ahead=4, phone=phone, lang="en")
    page, address = order.page, order.page.url
    order.data.click()
    assert barriers(page) + misfits(page) == []
    page.get_by_label("Mobile number given when booking").fill(phone)
    with page.expect_download() as waiting:
        button(page, "Download my data (JSON)")
    waiting.value.save_as(tmp_path / "data.json")
    assert phone in json.dumps(json.loads((tmp_path / "data.json").read_text("utf-8")))
    button(page, "Delete my data")
    expect(page.get_by_role("alert")).to_contain_text(
        said("The visit is still to come. Please cancel the order first.", part=True)
    )
    page.goto(address)
    order.cancel.click()
    button(page, "Cancel now")
    order.data.click()
    page.get_by_label("Mobile number given when booking").fill(phone)
    button(page, "Delete my data")
    expect(order.news).to_contain_text(
        said("Your personal data has been deleted. Only figures without your name remain.")
    )


@pytest.mark.charter("BK-6")
def test_an_order_opens_with_its_key_only(an_order: OpenOrder, watch: Watch) -> None:
    watch.allow("404")
    order = an_order()
    address = order.page.url
    order.page.goto(address.partition("?")[0])
    expect(order.heading).to_have_text(said("Page not found"))
    assert barriers(order.page) + misfits(order.page) == []
