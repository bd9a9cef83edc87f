"""A form in the other language: found late by whoever cannot read it, it costs them nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e import people
from e2e.browsing import PHONE
from e2e.pages.booking import MOUNTAIN, BookingForm, DayPage, OrderPage
from e2e.words import said


@pytest.mark.charter("BK-3")
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_the_switch_keeps_what_was_typed_and_books_nothing(
    visit: Callable[..., Page], javascript: bool
) -> None:
    page = visit(PHONE, lang="zh", javascript=javascript)
    DayPage(page).open().slots(MOUNTAIN).last.click()
    form, phone = BookingForm(page), people.phone()
    who, child = people.somebody(), people.somebody()
    form.fill(0, who)
    form.add.click()
    form.fill(1, child, "youth")
    form.number(1).fill("1")
    form.phone.fill(phone)
    form.consent.check()

    def kept() -> None:
        expect(form.name(0)).to_have_value(who.name)
        expect(form.number(0)).to_have_value(who.id_number)
        expect(form.name(1)).to_have_value(child.name)
        expect(form.number(1)).to_have_value("1")
        expect(form.ticket(1)).to_have_value("youth")
        expect(form.phone).to_have_value(phone)
        expect(form.consent).to_be_checked()

    form.switch("English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(form.errors).to_have_count(0)
    kept()
    form.book.click()
    expect(form.errors).to_be_visible()
    form.switch("中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    kept()
    form.fill(1, child, "adult")
    form.phone.press("Enter")
    expect(OrderPage(page).heading).to_have_text(said("Your places are booked"))
