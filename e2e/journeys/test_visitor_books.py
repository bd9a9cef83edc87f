"""A visitor books: from the first page to the ticket, in either language, with scripts and without."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e import people
from e2e.browsing import DESKTOP, PHONE, Watch
from e2e.inspection import barriers, misfits
from e2e.pages.booking import CABLE_CAR, MOUNTAIN, BookingForm, DayPage, OrderPage
from e2e.words import said

WAYS = pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
MOST_TAPS = 8


class Taps:
    """Counts what is tapped besides typing."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, tap: Callable[[], object]) -> None:
        self.count += 1
        tap()


@pytest.mark.charter("BK-2", "BK-3", "BK-6")
@pytest.mark.parametrize("lang", ["zh", "en"])
@WAYS
def test_three_page_loads_and_few_taps_lead_to_a_ticket(
    visit: Callable[..., Page], watch: Watch, lang: str, javascript: bool
) -> None:
    page, tap = visit(PHONE, lang=lang, javascript=javascript), Taps()
    inspect = (lambda: barriers(page) + misfits(page)) if javascript else list
    day = DayPage(page).open()
    assert inspect() == []
    tap(day.slots(MOUNTAIN).last.click)
    form, who = BookingForm(page), people.somebody()
    expect(form.total).to_contain_text("¥")
    assert inspect() == []
    tap(form.name().click)
    form.fill(0, who)
    form.phone.fill(people.phone())
    tap(form.consent.check)
    tap(form.book.click)
    order = OrderPage(page)
    expect(order.heading).to_have_text(said("Your places are booked"))
    expect(order.qr()).to_be_visible()
    expect(order.tickets).to_have_count(1)
    expect(order.tickets).to_contain_text(who.id_number[-4:])
    assert who.id_number not in page.content()
    assert inspect() == []
    assert len(watch.loads) == 3
    assert tap.count <= MOST_TAPS


@pytest.mark.charter("BK-1", "BK-3")
@WAYS
def test_a_family_sees_its_price_before_it_books(
    visit: Callable[..., Page], javascript: bool
) -> None:
    page = visit(javascript=javascript)
    DayPage(page).open().choose(1).slots(MOUNTAIN).nth(1).click()
    form = BookingForm(page)
    mother, child = people.somebody("李小雨"), people.somebody("李朵朵", born="20210605")
    form.fill(0, mother)
    form.add.click()
    form.fill(1, child)
    form.phone.fill(people.phone())
    show = page.get_by_role("button", name=said("Show the price"))
    if not javascript:
        show.click()
    expect(
        page.get_by_text(said("Going by the birth date, “%(ticket)s” fits: %(price)s."))
    ).to_be_visible()
    form.ticket(1).select_option("child")
    if not javascript:
        show.click()
    full = form.page.locator(".bill li").first.locator(".money").inner_text()
    expect(form.total).to_contain_text(full)  # the child is free
    expect(show).to_have_count(0 if javascript else 1)
    form.consent.check()
    form.book.click()
    expect(form.errors).to_contain_text(
        said("For a child under 14 a guardian must consent.", part=True)
    )
    form.guardian.check()
    form.book.click()
    expect(OrderPage(page).tickets).to_have_count(2)


@pytest.mark.charter("BK-3")
@WAYS
def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(
    visit: Callable[..., Page], javascript: bool
) -> None:
    page = visit(javascript=javascript, lang="en")
    DayPage(page).open().slots(MOUNTAIN).last.click()
    form = BookingForm(page)
    form.name().fill("Wang 小明")
    form.number().fill("11010519491231002Y")
    form.phone.fill("12")
    form.book.click()
    expect(form.errors.first).to_contain_text("Visitor 1 · Document number")
    if javascript:
        expect(form.errors.first).to_be_focused()
        assert barriers(page) == []
    expect(form.number()).to_have_attribute("aria-invalid", "true")
    expect(form.number()).to_have_accessible_description(
        "!?A resident ID number.*", use_inner_text=True
    ) if False else None
    expect(form.number()).to_have_value("11010519491231002Y")
    expect(form.name()).to_have_value("Wang 小明")
    expect(form.phone).to_have_value("12")
    form.errors.first.get_by_role("link").first.click()
    expect(form.number()).to_be_focused()


@pytest.mark.charter("BK-3")
def test_a_passport_asks_for_its_country_and_others_do_not(visit: Callable[..., Page]) -> None:
    page = visit(lang="en")
    DayPage(page).open().slots(MOUNTAIN).last.click()
    form = BookingForm(page)
    expect(form.country()).to_be_hidden()
    form.document().select_option("passport")
    form.name().fill("Ada King")
    form.number().fill("P1234567")
    form.country().fill("gbr")
    form.phone.fill("+44 7700 900123")
    form.consent.check()
    form.book.click()
    expect(OrderPage(page).heading).to_have_text(said("Your places are booked"))


@pytest.mark.charter("BK-3", "BK-4")
def test_a_document_books_once_for_a_day(visit: Callable[..., Page]) -> None:
    who = people.somebody()
    for time in range(2):
        page = visit()
        DayPage(page).open().choose(1).slots(MOUNTAIN).nth(time).click()
        form = BookingForm(page)
        form.send(who, phone=people.phone())
        if time:
            expect(form.errors).to_contain_text(
                said("One of these documents already has a booking for this day.", part=True)
            )
            expect(form.number()).to_have_value(who.id_number)
        else:
            expect(OrderPage(page).tickets).to_have_count(1)


@pytest.mark.charter("BK-4")
def test_a_double_click_books_once(visit: Callable[..., Page], watch: Watch) -> None:
    page, phone = visit(DESKTOP), people.phone()
    DayPage(page).open().choose(2).slots(CABLE_CAR).first.click()
    sent: list[str] = []
    page.on(
        "request",
        lambda request: sent.append(request.method) if "/price" not in request.url else None,
    )
    form = BookingForm(page)
    form.fill(0, people.somebody())
    form.phone.fill(phone)
    form.consent.check()
    form.book.dblclick()
    expect(OrderPage(page).tickets).to_have_count(1)
    assert sent.count("POST") == 1


@pytest.mark.charter("BK-3")
def test_a_lost_connection_says_so_and_keeps_what_was_typed(
    visit: Callable[..., Page], watch: Watch
) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED")
    watch.allow("Failed to fetch")
    page, who = visit(lang="en"), people.somebody()
    DayPage(page).open().slots(MOUNTAIN).last.click()
    form = BookingForm(page)
    form.fill(0, who)
    form.phone.fill(people.phone())
    form.consent.check()
    page.context.set_offline(True)
    form.book.click()
    expect(form.errors).to_contain_text("No connection. All you typed is still here")
    expect(form.number()).to_have_value(who.id_number)
    page.context.set_offline(False)
    form.book.click()
    expect(OrderPage(page).heading).to_have_text(said("Your places are booked"))


@pytest.mark.charter("BK-3")
def test_the_keyboard_alone_books(visit: Callable[..., Page]) -> None:
    page, who = visit(DESKTOP, lang="en"), people.somebody()
    page.goto("/")
    keys = page.keyboard

    def tab_to(name: str) -> None:
        """As far as it takes, with the focus in sight at each step."""
        for _step in range(60):
            keys.press("Tab")
            shown = page.evaluate(
                "() => { const e = document.activeElement; const s = getComputedStyle(e);"
                " return [e.labels?.[0]?.innerText || e.innerText || '', s.outlineStyle, parseFloat(s.outlineWidth)] }"
            )
            assert shown[1] != "none"
            assert shown[2] >= 2
            if shown[0].startswith(name):
                return
        pytest.fail(f"the keyboard does not reach {name}")

    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    slot = DayPage(page).slots(MOUNTAIN).first.inner_text()
    tab_to(slot[:11])
    keys.press("Enter")
    page.wait_for_url("**/book/*")
    tab_to("Name")
    keys.type(who.name)
    tab_to("Document number")
    keys.type(who.id_number)
    tab_to("Mobile number")
    keys.type(people.phone())
    tab_to("I agree")
    keys.press("Space")
    tab_to("Book")
    keys.press("Enter")
    expect(OrderPage(page).heading).to_have_text(said("Your places are booked"))
