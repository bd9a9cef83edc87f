"""A time is full: the nearest free ones, and the waiting list until a place is offered and taken."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from e2e import people
from e2e.browsing import day
from e2e.inspection import barriers, misfits
from e2e.pages.booking import CABLE_CAR, BookingForm, DayPage, OrderPage
from e2e.server import Portal
from e2e.visitors import Visitors
from e2e.words import said

AHEAD = 6
MOST_POLLS = 20


@dataclass(frozen=True, slots=True)
class FullSlot:
    id: int
    last_order: str


@pytest.fixture(scope="module")
def full(portal: Portal) -> Iterator[FullSlot]:
    """A ride that others have bought out. Its tests take no place of it for good."""
    others = Visitors(portal)
    slot = others.slots(day(AHEAD), "cable-car")[-1]
    yield FullSlot(slot, others.sell_out(slot, day(AHEAD)))
    others.http.close()


@pytest.mark.charter("BK-3", "BK-4")
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_what_was_typed_comes_along_to_the_nearest_free_time(
    visit: Callable[..., Page], visitors: Visitors, portal: Portal, javascript: bool
) -> None:
    """Two want the last places of a ride; the slower one finds another with everything typed."""
    page, who = visit(javascript=javascript), people.somebody()
    slot = visitors.slots(day(AHEAD + 1 + javascript), "cable-car")[0]
    page.goto(f"/book/{slot}")
    form = BookingForm(page)
    form.fill(0, who)
    form.phone.fill(people.phone())
    form.consent.check()
    visitors.sell_out(slot, day(AHEAD + 1 + javascript))
    form.book.click()
    expect(form.errors.first).to_contain_text(said("These places have just been taken.", part=True))
    if javascript:
        assert barriers(page) + misfits(page) == []
    form.nearest.get_by_role("button").first.click()
    expect(form.nearest).to_be_hidden()
    expect(form.number()).to_have_value(who.id_number)
    expect(page).not_to_have_url(re.compile(f"/{slot}$"))
    form.switch("English").click()  # of the time that was taken, not of the one that was lost
    expect(page).not_to_have_url(re.compile(rf"/{slot}\b"))
    expect(form.number()).to_have_value(who.id_number)
    form.book.click()
    expect(OrderPage(page).tickets).to_have_count(1)


@pytest.mark.charter("BK-8")
def test_the_day_offers_to_wait_and_the_form_the_nearest_times(
    visit: Callable[..., Page], full: FullSlot
) -> None:
    page = visit(lang="en")
    DayPage(page).open().choose(AHEAD)
    ride = page.get_by_role("region", name=CABLE_CAR)
    expect(ride.get_by_role("listitem").last).to_contain_text(said("sold out", part=True))
    assert barriers(page) + misfits(page) == []
    page.goto(f"/book/{full.id}")
    expect(page.get_by_text(said("This time is sold out."))).to_be_visible()
    expect(BookingForm(page).nearest.get_by_role("link")).to_have_count(3)
    assert barriers(page) + misfits(page) == []


@pytest.mark.charter("BK-8")
def test_who_waits_is_offered_a_freed_place_and_takes_it(
    visit: Callable[..., Page], visitors: Visitors, full: FullSlot
) -> None:
    page = visit(lang="en")
    page.clock.install()
    page.goto(f"/waitlist/{full.id}")
    assert barriers(page) + misfits(page) == []
    page.get_by_role("button", name=said("Join the waiting list")).click()
    expect(page.get_by_role("alert").first).to_contain_text(said("Number of visitors", part=True))
    page.get_by_label(said("Number of visitors")).fill("1")
    page.get_by_label(said("Mobile number")).fill(people.phone())
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=said("Join the waiting list")).click()
    expect(page.get_by_role("status").first).to_contain_text("You are first in line.")
    assert barriers(page) + misfits(page) == []
    visitors.cancel(full.last_order)
    form = BookingForm(page)
    kept = page.get_by_text(said("%(num)s place is kept for you until %(time)s.", part=True))
    for _time in range(MOST_POLLS):
        page.clock.fast_forward(15_000)  # the page asks by itself, four times a minute
        page.wait_for_timeout(300)
        if kept.is_visible():
            break
    expect(kept).to_be_visible()
    assert barriers(page) + misfits(page) == []
    form.send(people.somebody(), phone=people.phone())
    expect(OrderPage(page).code).to_be_visible()


@pytest.mark.charter("BK-8")
def test_who_does_not_want_to_wait_any_more_leaves(
    visit: Callable[..., Page], full: FullSlot
) -> None:
    page = visit(lang="en", javascript=False)
    page.goto(f"/waitlist/{full.id}")
    page.get_by_label(said("Number of visitors")).fill("5")
    page.get_by_label(said("Mobile number")).fill(people.phone())
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=said("Join the waiting list")).click()
    page.get_by_role("button", name=said("Leave the list")).click()
    expect(page.get_by_text("You are no longer on the waiting list.")).to_be_visible()
