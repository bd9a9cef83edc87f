"""The security administrator changes the policy: ticks, a sentence, its line, a condition; and takes a step back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import DESKTOP, PHONE, TABLET
from e2e.inspection import barriers, misfits
from e2e.pages.policy import Editor
from e2e.pages.staff import press
from e2e.words import said


@pytest.mark.charter("PO-2", "PO-4", "AP-1")
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_a_draft_is_edited_in_the_grid_and_by_sentences(
    staff: Callable[..., Page], javascript: bool
) -> None:
    page = staff("secadmin", TABLET, lang="en", javascript=javascript)
    editor = Editor.begun(page, "Tiers and gates")

    def look() -> None:
        if javascript:
            assert barriers(page) + misfits(page) == []

    # a tick, and back again
    editor.look_at("risk", "role:gate")
    look()
    box = editor.cell("role:gate", "risk:read")
    box.check()
    if not javascript:
        press(page, "Save the ticks of “%(area)s”")
    expect(editor.news).to_contain_text("Gate staff may see the risk ledger")
    editor.undo()
    expect(page.get_by_text(said("The step was taken back."))).to_be_visible()
    expect(editor.cell("role:gate", "risk:read")).not_to_be_checked()

    # a sentence is found by its words, its amount changed in yuan, and the line follows
    editor.find("经理 批准 金额", "role:manager").first.click()
    look()
    page.locator("[name=row-1-value]").fill("200,000.00")
    if not javascript:
        page.locator("fieldset", has=page.locator("[name=rows]")).get_by_role(
            "button", name=said("Show")
        ).click()
    expect(editor.line).to_have_value(re.compile(r"amount < 20000000, allow$"))
    expect(editor.reading).to_contain_text("¥200,000.00")
    press(page, "Save in the draft")
    expect(page.get_by_text(said("Saved in the draft."))).to_be_visible()

    # what cannot be read is marked in its place and not saved
    page.locator("#condition").fill("amount < and final")
    press(page, "Save in the draft")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(".place mark").first).to_have_text("a")
    expect(page.locator("#condition")).to_have_value("amount < and final")
    look()


@pytest.mark.charter("PO-2")
def test_the_grid_is_walked_by_the_keyboard_and_ticked_without_losing_the_place(
    staff: Callable[..., Page],
) -> None:
    page = staff("secadmin", DESKTOP, lang="en")
    editor = Editor.begun(page, "By the keyboard")
    editor.look_at("risk")
    editor.cell("role:gate", "risk:create").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    place = page.locator(":focus")
    name = place.get_attribute("name") or ""
    page.keyboard.press("Enter")
    expect(editor.news).to_contain_text("Gate staff may")
    expect(page.locator(f'input[name="{name}"]')).to_be_focused()
    expect(page.locator(f'input[name="{name}"]')).to_be_checked()
    # two quick ticks in one row are both kept
    for role in ("role:window", "role:agency"):
        editor.cell(role, "risk:review").check()
    expect(editor.news).to_contain_text("travel agency")
    page.reload()
    for role in ("role:window", "role:agency"):
        expect(editor.cell(role, "risk:review")).to_be_checked()


@pytest.mark.charter("PO-2")
def test_a_phone_shows_one_role_as_a_list_of_ticks(staff: Callable[..., Page]) -> None:
    page = staff("secadmin", PHONE, lang="zh")
    editor = Editor.begun(page, "售票员")
    editor.look_at("risk", "role:window")
    assert barriers(page) + misfits(page) == []
    expect(page.locator(".policy-grid input:visible")).to_have_count(
        page.locator(".policy-grid td.n input").count()
    )
    editor.cell("role:window", "risk:read").check()
    expect(editor.news).to_contain_text("售票员")
    # typing in one view moves the others while it is typed
    page.goto(f"{editor.url}/rules/new?role=role:window&on=risk:create")
    page.get_by_role("button", name=said("Add a row")).click()
    page.locator("[name=row-0-attribute]").select_option("amount")
    page.locator("[name=row-0-value]").fill("5")
    expect(editor.line).to_have_value("p, role:window, *, risk, create, any, amount <= 500, allow")
    page.locator("#try-amount").fill("5.01")
    expect(page.locator("#outcome")).to_have_text(said("The condition does not hold."))
    assert barriers(page) + misfits(page) == []
