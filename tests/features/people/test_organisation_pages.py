"""The organisation in a browser: everybody reads, HR proposes and edits, what is wrong stands beside its field."""

import re
from datetime import timedelta

import pytest

from portal.core import clock, db
from portal.features.people.organisation.chart import BOX, Person, draw, fitted
from portal.web.permission import policy
from tests.browser import Browser, SignIn
from tests.factories.organisation import DEPARTMENT, an_organisation, post_id

pytestmark = pytest.mark.charter("PE-1")


@pytest.fixture
async def hr(signed_in_as: SignIn) -> Browser:
    await an_organisation()
    return await signed_in_as("hr")


async def person_id(username: str) -> int:
    return int(await db.fetchval("SELECT person FROM account WHERE username = $1", username))


@pytest.mark.charter("PE-1", "PE-4")
async def test_everybody_with_an_account_reads_chart_and_duties(signed_in_as: SignIn) -> None:
    await an_organisation()
    for username in ("ops1", "somebody"):
        browser = await signed_in_as(username)
        chart = (await browser.get("/people?lang=en")).text
        assert len(re.findall(r'class="name"', chart)) == 31, "30 people and a vacant post"
        assert "1 vacant" in chart
        assert "Propose a change" not in chart
        posts = (await browser.get("/people/posts?lang=en")).text
        assert "Keeps watch round the clock and answers an incident within 15 minutes" in posts
        assert "Required: a professional certificate in software" in posts
        assert "New post" not in posts


async def test_the_list_nests_as_the_lines_do(hr: Browser) -> None:
    answer = await hr.get("/people?view=list&lang=en")
    listed = answer.text[answer.text.index('class="tree"') :]
    order = [
        listed.index(f">{name}<") for name in ("ceo", "opsdirector", "陆景行", "方知远", "周采薇")
    ]
    assert order == sorted(order)
    assert listed.count("also reports to 陆景行") == 13


async def test_the_chart_of_a_day_is_as_it_is_then(hr: Browser) -> None:
    until, person = clock.today() + timedelta(days=3), await person_id("tech8")
    await db.execute("UPDATE post_holding SET until = $1 WHERE person = $2", until, person)
    today = (await hr.get("/people/posts?lang=en")).text
    later = (await hr.get(f"/people/posts?lang=en&on={until}")).text
    assert ("8 of 8 held" in today, "7 of 8 held" in later) == (True, True)


async def test_nonsense_in_the_address_is_today(hr: Browser) -> None:
    for query in (
        "on=9999-99-99",
        "on=x&zoom=7&view=y",
        "zoom=2&q=%00",
        "q=%3Cscript%3E",
        "on=0001-01-01",
    ):
        answer = await hr.get(f"/people?{query}")
        assert answer.status_code == 200
        assert "<script>" not in answer.text


async def test_a_search_marks_whom_it_finds(hr: Browser) -> None:
    found = (await hr.get("/people?q=Technology+special&lang=en")).text
    assert found.count('class="hit"') == 8
    assert "Nobody of this name" in (await hr.get("/people?q=xyzzy&lang=en")).text


async def test_who_may_see_the_roles_of_whom(hr: Browser, signed_in_as: SignIn) -> None:
    proc1 = f"/people/{await person_id('proc1')}?lang=en"
    for username, sees in (
        ("hr", True), ("proc1", True), ("manager.procurement", True), ("secadmin", True),
        ("manager.systems", False), ("ops1", False), ("gate1", False),
    ):  # fmt: skip
        browser = hr if username == "hr" else await signed_in_as(username)
        answer = await browser.get(proc1)
        assert answer.status_code == 200
        assert "Procurement specialist" in answer.text
        assert ("may do what a specialist may in the procurement group" in answer.text) is sees, (
            username
        )


async def test_a_change_is_shown_before_it_is_proposed(hr: Browser) -> None:
    move = {
        "post": str(await post_id("specialist_operations")), "superior": "manager.systems",
        "dual_1": "director", "reason": "short of hands",
    }  # fmt: skip
    page = "/people/changes/new?kind=transfer&person=proc1&lang=en"
    shown = await hr.post_form(page, move)
    assert shown.status_code == 200
    assert "see work logs" in shown.text or "work log" in shown.text
    assert "This post is full: 5 of 5" in shown.text
    assert not await db.fetchval("SELECT EXISTS (SELECT FROM org_change)")
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown.text))
    filed = await hr.post("/people/changes", data={**fields, "seen": "yes"})
    assert filed.status_code == 303
    again = await hr.post("/people/changes", data={**fields, "seen": "yes"})
    assert again.headers["location"] == filed.headers["location"], "once"
    told = (await hr.get(filed.headers["location"] + "&lang=en")).text
    assert "It waits for the security administrator" in told
    desk = (await hr.get("/desk?lang=en")).text
    assert "changes of the organisation that wait for release" in desk


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(hr: Browser) -> None:
    page = "/people/changes/new?kind=transfer&person=director&lang=en"
    answer = await hr.post_form(page, {"superior": "proc1", "reason": "a coup"})
    assert answer.status_code == 422
    said = re.search(r'id="error-superior">The lines would run in a circle: ([^<]+)', answer.text)
    assert said
    assert all(name in said[1] for name in ("陆景行", "周采薇", "方知远"))
    assert re.search(r'<select id="superior"[^>]*aria-invalid="true"', answer.text)
    assert ">a coup</textarea>" in answer.text
    assert '<option value="proc1" selected>' in answer.text


SPOILT: tuple[dict[str, str], ...] = (
    {"kind": "coup"}, {"person": "x" * 500}, {"effective_on": "soon"}, {"effective_on": "9999-12-31"},
    {"post": "99999999999"}, {"post": "-1"}, {"superior": "role:director"}, {"dual_1": "a, b"},
    {"reason": ""}, {"reason": "x" * 501}, {"idempotency_key": "no key"},
)  # fmt: skip


async def test_bad_input_is_told_and_changes_nothing(hr: Browser) -> None:
    form = await hr.form("/people/changes/new?kind=transfer&person=proc1")
    wish = form.fields | {"reason": "x", "superior": "manager.systems", "seen": "yes"}
    for spoilt in SPOILT:
        answer = await hr.post(form.action, data=wish | spoilt)
        assert answer.status_code == 422, spoilt
    assert not await db.fetchval("SELECT EXISTS (SELECT FROM org_change)")


async def test_the_lines_of_a_rule_cannot_be_smuggled_in_with_a_name(hr: Browser) -> None:
    evil = "director\np, proc1, *, contract, open, any, , allow"
    answer = await hr.post_form(
        "/people/changes/new?kind=transfer&person=proc1",
        {"superior": evil, "reason": "x", "seen": "yes"},
    )
    assert answer.status_code == 422


@pytest.mark.charter("PE-4")
async def test_hr_edits_duties_and_plan_and_the_trail_has_it(hr: Browser) -> None:
    post = await post_id("specialist_operations")
    page = f"/people/posts/{post}"
    duties = {"duties_zh": "守夜\n守昼", "duties_en": "Keeps watch by night\nKeeps watch by day"}
    saved = await hr.post_form(page, {**duties, "headcount": "6"})
    assert saved.status_code == 303
    shown = (await hr.get("/people/posts?lang=en")).text
    assert "Keeps watch by day" in shown
    assert "5 of 6 held" in shown
    assert '<span class="figure ">20</span>' in shown
    entry = await db.fetchrow(
        "SELECT * FROM audit_entry WHERE act = 'organisation:edit' ORDER BY at DESC LIMIT 1"
    )
    assert (entry["subject"], entry["object_type"], entry["object_id"]) == (
        "hr",
        "post",
        "specialist_operations",
    )
    assert policy.version == 1


WRONG: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"name_en": ""}, "name_en", "Please fill this in"),
    ({"duties_en": "one\ntwo\nthree"}, "duties_en", "same number of duties"),
    ({"headcount": "many"}, "headcount", "whole number"),
    ({"headcount": "1000"}, "headcount", "too large"),
    ({"certificates_en": ""}, "certificates_en", "Please fill this in"),
    ({"role": "role:king"}, "role", "no such role"),
    ({"role_groups": "a b; c"}, "role_groups", "commas"),
    ({"unit": "99"}, "unit", "choose one"),
)


async def test_a_post_that_is_not_right_is_not_saved(hr: Browser) -> None:
    form = await hr.form(f"/people/posts/{await post_id('specialist_operations')}?lang=en")
    for typed, field, words in WRONG:
        wish = form.fields | {"duties_zh": "一", "duties_en": "one"} | typed
        answer = await hr.post(form.action, data=wish)
        assert answer.status_code == 422
        found = re.search(rf'id="error-{field}">([^<]+)', answer.text)
        assert found, typed
        assert words in found[1]


async def test_of_two_who_edit_a_post_the_second_is_told(hr: Browser) -> None:
    page = f"/people/posts/{await post_id('director')}?lang=en"
    first, second = await hr.form(page), await hr.form(page)
    assert (await hr.post(first.action, data=first.fields | {"headcount": "2"})).status_code == 303
    late = await hr.post(second.action, data=second.fields | {"headcount": "3"})
    assert late.status_code == 422
    assert "Somebody changed this meanwhile" in late.text
    assert await db.fetchval("SELECT headcount FROM post WHERE code = 'director'") == 2


async def test_a_new_post_and_a_new_unit(hr: Browser) -> None:
    unit = await hr.post_form(
        "/people/units/new", {"code": "archive", "name_zh": "档案组", "name_en": "Archive group"}
    )
    assert unit.status_code == 303
    number = await db.fetchval("SELECT id FROM org_unit WHERE code = 'archive'")
    wish = {
        "code": "archivist", "unit": str(number), "name_zh": "档案员", "name_en": "Archivist",
        "duties_zh": "归档", "duties_en": "Files", "headcount": "2",
    }  # fmt: skip
    form = await hr.form("/people/posts/new")
    for _ in range(2):
        made = await hr.post("/people/posts", data=form.fields | wish)
        assert made.status_code == 303, "the same form makes one post"
    assert await db.fetchval("SELECT count(*) FROM post WHERE code = 'archivist'") == 1
    taken = await hr.post_form("/people/posts/new", wish)
    assert taken.status_code == 422
    assert "21" in (await hr.get("/people/posts?lang=en")).text


# ── the drawing ──────────────────────────────────────────────────────────────────────────────────


def worker(key: str, superior: str | None, unit: int = 1, *duals: str) -> Person:
    return Person(key, key, "post", unit, 0, superior, duals)


def test_no_two_boxes_overlap_and_all_lie_inside() -> None:
    people = [worker("top", None, 0), *(worker(f"m{n}", "top", n) for n in range(4))]
    people += [worker(f"w{n}{k}", f"m{n}", n, "top") for n in range(4) for k in range(3 + 5 * n)]
    drawing = draw(people)
    assert len(drawing.boxes) == len(people)
    for number, box in enumerate(drawing.boxes):
        assert 0 <= box.x <= drawing.width - BOX
        assert 0 <= box.y <= drawing.height - box.height
        for other in drawing.boxes[number + 1 :]:
            apart = abs(box.x - other.x) >= BOX or (
                box.y + box.height <= other.y or other.y + other.height <= box.y
            )
            assert apart, (box.person.key, other.person.key)


def test_everybody_hangs_on_a_line() -> None:
    people = [worker("top", None), worker("mid", "top"), worker("a", "mid", 1, "top")]
    drawing = draw(people)
    assert len(drawing.solid) == 3, "to mid; the spine of its column and the stub to a"
    assert len(drawing.dual) == 2


def test_people_without_a_superior_are_drawn_too() -> None:
    assert len(draw([worker("a", None), worker("b", "gone")]).boxes) == 2
    assert draw([]).boxes == []


def test_what_does_not_fit_is_cut() -> None:
    assert fitted("运维", 100, 12) == ("运维", False)
    assert fitted("Procurement specialist", 136, 12) == ("Procurement specialist", True)
    text, _squeezed = fitted("Head of the technology department", 136, 12)
    assert text.endswith("…")


def test_the_department_is_nineteen() -> None:
    assert len(DEPARTMENT) == 19
