"""A change of the policy goes its way: drafted, reviewed, released by a second person, in force, and back again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import DESKTOP, TABLET
from e2e.inspection import barriers, misfits
from e2e.pages.policy import Editor
from e2e.pages.release import Review
from e2e.pages.staff import press
from e2e.words import said


@pytest.mark.charter("PO-4", "PO-5")
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_two_people_change_what_a_third_may_do_and_take_it_back(
    staff: Callable[..., Page], javascript: bool
) -> None:
    def menu_of_gate() -> list[str]:
        gate.goto("/desk")
        return gate.locator("#menu a").all_inner_texts()

    gate = staff("gate1", DESKTOP, lang="en")
    assert "Bookings" not in menu_of_gate()
    secadmin = staff("secadmin", TABLET, lang="en", javascript=javascript)
    editor = Editor.begun(secadmin, "Gate staff look orders up")
    editor.look_at("visitors", "role:gate")
    editor.cell("role:gate", "order:list").check()
    if javascript:
        expect(editor.news).to_contain_text("Gate staff may")
    else:
        press(secadmin, "Save the ticks of “%(area)s”")
    review = Review(secadmin, editor.url).open()
    expect(review.lines).to_contain_text("p, role:gate, *, order, list, any, , allow")
    expect(review.people).to_contain_text("list and search orders")
    if javascript:
        assert barriers(secadmin) + misfits(secadmin) == []
    review.submit()
    expect(secadmin.get_by_label(said("Your password"))).to_have_count(0)  # not one's own

    ceo = staff("ceo", DESKTOP, lang="en", javascript=javascript)
    ceo.get_by_role(
        "link", name=said("drafts of the policy to review and release", part=True)
    ).click()
    ceo.get_by_role("link", name="Gate staff look orders up").first.click()
    theirs = Review(ceo, editor.url)
    if javascript:
        assert barriers(ceo) == []
    theirs.release("not the password")
    expect(ceo.get_by_role("alert")).to_contain_text(said("This is not your password.", part=True))
    assert "Bookings" not in menu_of_gate()
    theirs.release("demo-ceo")
    version = theirs.released()
    if javascript:
        assert barriers(ceo) == []
    assert "Bookings" in menu_of_gate()

    secadmin.goto(f"/policy/versions/{version - 1}")
    press(secadmin, "Restore this version")
    expect(secadmin.locator(".notice[role=status]")).to_be_visible()
    back = Review(secadmin, secadmin.url.partition("/review")[0])
    back.submit()
    last = Review(ceo, back.url).open()
    last.release("demo-ceo")
    assert last.released() == version + 1
    assert "Bookings" not in menu_of_gate()
