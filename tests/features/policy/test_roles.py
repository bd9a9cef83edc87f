"""Roles granted and ended by prepared drafts: tried first, by nobody for themselves, released by a second person."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from portal.core import clock, db
from portal.core.context import Act, set_act
from portal.features.policy import drafts, service
from portal.web.permission import policy
from rbac.permissions import Permission
from tests.browser import Browser, SignIn
from tests.factories.people import PASSWORD, an_account

pytestmark = pytest.mark.charter("PO-2", "AP-3")

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
GRANT = {"person": "ops5", "role": "role:manager", "group": "operations"}


@pytest.fixture
async def secadmin(signed_in_as: SignIn, at: Callable[[datetime], None]) -> Browser:
    at(NOON)
    for username, name in (
        ("ops5", "高云起"),
        ("director", "陆总监"),
        ("ops1", "林听松"),
        ("auditadmin", "明鉴"),
        ("ceo", "顾长风"),
    ):
        await an_account(username, name=name)
    return await signed_in_as("secadmin")


async def sent(browser: Browser, **fields: str) -> tuple[int, str]:
    answer = await browser.post_form(
        "/policy/roles/new", GRANT | {"act": "submit"} | fields, action="/policy/roles"
    )
    return answer.status_code, answer.headers.get("location") or answer.text


async def the_draft() -> drafts.Draft:
    number = await db.fetchval("SELECT max(id) FROM policy_draft")
    assert number
    return await drafts.get(number)


async def released_by_ceo() -> None:
    person = await db.fetchval("SELECT person FROM account WHERE username = 'ceo'")
    set_act(Act("ceo", person))
    await drafts.release((await the_draft()).id, person, PASSWORD)


async def test_a_grant_is_looked_at_then_handed_over_then_released(secadmin: Browser) -> None:
    looked = await secadmin.post_form(
        "/policy/roles/new", GRANT | {"act": "check"}, action="/policy/roles"
    )
    assert looked.status_code == 200
    assert "高云起" in looked.text
    assert Permission.APPROVAL_HAND_OVER.zh in looked.text, "what the person gains"
    assert 'value="submit"' in looked.text
    assert await db.fetchval("SELECT count(*) FROM policy_draft") == 0

    assert await sent(secadmin) == (303, "/policy/roles/of/ops5?done=submitted")
    draft = await the_draft()
    assert (draft.kind, draft.state, draft.created_by) == ("grant", "submitted", "secadmin")
    page = await secadmin.get("/policy/roles/of/ops5?done=submitted")
    assert f"/policy/drafts/{draft.id}/review" in page.text
    assert not policy.may_ever("ops5", Permission.APPROVAL_HAND_OVER), "not yet"
    entry = await db.fetchrow(
        "SELECT subject, object_id, detail->>'role' AS role FROM audit_entry WHERE act = 'role:grant'"
    )
    assert tuple(entry) == ("secadmin", "ops5", "role:manager")
    await released_by_ceo()
    assert policy.may_ever("ops5", Permission.APPROVAL_HAND_OVER)
    listed = (await secadmin.get("/policy/roles?role=role:manager")).text
    assert "/policy/roles/of/ops5" in listed
    assert "/policy/roles/of/proc1" not in listed


async def test_the_same_form_twice_is_one_draft(secadmin: Browser) -> None:
    form = await secadmin.form("/policy/roles/new", action="/policy/roles")
    for _ in range(2):
        answer = await secadmin.post("/policy/roles", data=form.fields | GRANT | {"act": "submit"})
        assert answer.status_code == 303
    assert await db.fetchval("SELECT count(*) FROM policy_draft") == 1
    assert await db.fetchval("SELECT count(*) FROM audit_entry WHERE act = 'role:grant'") == 1


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"person": ""}, "person"),
        ({"person": "nobody"}, "person"),
        ({"role": "role:unknown"}, "role"),
        ({"role": "role:staff"}, "role"),
        ({"role": ""}, "role"),
        ({"group": "elsewhere"}, "group"),
        ({"first": "2026-11-24"}, "first"),
        ({"first": "soon"}, "first"),
        ({"first": "9999-12-31"}, "first"),
        ({"last": "2026-11-24"}, "last"),
        ({"first": "2026-12-02", "last": "2026-12-01"}, "last"),
        ({"instead_of": "director"}, "last"),
        ({"instead_of": "ops5", "last": "2026-12-01"}, "instead_of"),
        ({"instead_of": "ops1", "last": "2026-12-01"}, "instead_of"),
        ({"role": "role:specialist"}, "role"),
        ({"idempotency_key": "spoilt"}, "person"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    fields: dict[str, str], place: str, secadmin: Browser
) -> None:
    status, text = await sent(secadmin, **fields)
    assert status == 422
    assert f'id="error-{place}"' in text
    assert await db.fetchval("SELECT count(*) FROM policy_draft") == 0


async def test_a_deputy_stands_in_for_the_absent_until_a_day(
    secadmin: Browser, at: Callable[[datetime], None]
) -> None:
    fields = {"role": "role:director_deputy", "group": "*", "instead_of": "陆总监"}
    status, _place = await sent(secadmin, **fields, first="2026-12-01", last="2026-12-05")
    assert status == 303
    added = (await drafts.steps((await the_draft()).id))[0].added
    assert added == (
        "g, ops5, role:director_deputy, *, 2026-12-01T00:00:00+08:00, 2026-12-06T00:00:00+08:00, director",
    )
    await released_by_ceo()
    for month, day, is_deputy in ((11, 30, False), (12, 1, True), (12, 5, True), (12, 6, False)):
        at(datetime(2026, month, day, 4, tzinfo=UTC))
        assert policy.may_ever("ops5", Permission.LIAISON_EDIT) is is_deputy, clock.today()


async def test_a_grant_that_breaks_an_assertion_is_told_and_not_sent(secadmin: Browser) -> None:
    """Exclusive administrators: nobody holds two of the three, nor one beside business."""
    for role, person in (("role:sysadmin", "auditadmin"), ("role:auditadmin", "ops5")):
        status, text = await sent(secadmin, person=person, role=role, group="*")
        assert status == 422
        assert 'id="error-role"' in text
        assert 'class="notice danger"' in text
        looked = await secadmin.post_form(
            "/policy/roles/new",
            {"person": person, "role": role, "group": "*", "act": "check"},
            action="/policy/roles",
        )
        assert looked.status_code == 200
        assert 'value="submit"' not in looked.text
    assert await db.fetchval("SELECT count(*) FROM policy_draft") == 0


async def test_nobody_grants_or_ends_anything_of_their_own(secadmin: Browser) -> None:
    status, _text = await sent(secadmin, person="secadmin", role="role:ceo", group="*")
    assert status == 403
    line = "g, secadmin, role:secadmin, *"
    page = await secadmin.get("/policy/roles/end", params={"line": line})
    assert 'value="submit"' not in page.text
    token = await secadmin.token("/policy/roles/new")
    answer = await secadmin.post(
        "/policy/roles/end", data={"_csrf_token": token, "line": line, "act": "submit"}
    )
    assert answer.status_code == 403
    refused = await db.fetch(
        "SELECT act, object_id FROM audit_entry WHERE outcome = 'refused' AND subject = 'secadmin'"
    )
    assert [tuple(row) for row in refused] == [("role:grant", "secadmin")] * 2
    own = await secadmin.get("/policy/roles/of/secadmin")
    assert "/policy/roles/new?person" not in own.text


async def test_a_role_is_ended_at_once_or_with_a_day(secadmin: Browser) -> None:
    line = "g, ops1, role:specialist, operations"
    path = f"/policy/roles/end?line={line.replace(' ', '%20')}"
    looked = await secadmin.post_form(path, {"act": "check"}, action="/policy/roles/end")
    assert looked.status_code == 200
    assert Permission.WORK_LOG_CREATE.zh in looked.text, "what the person loses"
    later = await secadmin.post_form(
        path, {"act": "submit", "last": "2026-12-31"}, action="/policy/roles/end"
    )
    assert later.headers["location"] == "/policy/roles/of/ops1?done=submitted"
    step = (await drafts.steps((await the_draft()).id))[0]
    assert (step.removed, step.added) == ((line,), (f"{line}, , 2027-01-01T00:00:00+08:00",))
    await released_by_ceo()
    gone = await secadmin.get(path)
    assert gone.status_code == 404
    token = await secadmin.token("/policy/roles/new")
    late = await secadmin.post(
        "/policy/roles/end", data={"_csrf_token": token, "line": line, "act": "submit"}
    )
    assert late.status_code == 409, "somebody else was faster"
    dated = f"{line}, , 2027-01-01T00:00:00+08:00".replace(" ", "%20").replace("+", "%2B")
    now = await secadmin.post_form(
        f"/policy/roles/end?line={dated}", {"act": "submit"}, action="/policy/roles/end"
    )
    assert now.status_code == 303
    await released_by_ceo()
    assert not policy.may_ever("ops1", Permission.WORK_LOG_CREATE)


async def test_the_last_who_can_edit_the_policy_keeps_the_role(secadmin: Browser) -> None:
    line = "g, auditadmin, role:auditadmin, *"
    path = f"/policy/roles/end?line={line.replace(' ', '%20').replace('*', '%2A')}"
    answer = await secadmin.post_form(path, {"act": "submit"}, action="/policy/roles/end")
    assert answer.status_code == 422
    assert 'class="notice danger"' in answer.text
    yesterday = await secadmin.post_form(
        path, {"act": "submit", "last": "2026-11-24"}, action="/policy/roles/end"
    )
    assert 'id="error-last"' in yesterday.text


async def test_the_list_is_searched_and_shows_what_was_and_will_be(secadmin: Browser) -> None:
    lines = policy.snapshot.compiled.policy.text  # type: ignore[union-attr]
    await service.release(
        lines
        + "g, ops5, role:gate, *, 2026-01-01T00:00:00+08:00, 2026-02-01T00:00:00+08:00\n"
        + "g, ops5, role:window, *, 2027-01-01T00:00:00+08:00\n"
        + "g, gone.long.ago, role:gate, *\n",
        "for this test",
    )

    async def found(query: str) -> set[tuple[str, str]]:
        text = (await secadmin.get(f"/policy/roles?{query}")).text
        return set(re.findall(r'/policy/roles/of/([\w.]+)">([^<]+)<', text))

    assert {name for name, _words in await found("")} >= {"secadmin", "ops5", "gone.long.ago"}
    assert await found("show=over") == {("ops5", "高云起")}
    assert await found("show=later&q=%E9%AB%98%E4%BA%91") == {("ops5", "高云起")}
    assert await found("role=role:auditadmin") == {("auditadmin", "明鉴")}
    assert {name for name, _words in await found("group=finance&show=all")} == {"finance"}
    for nonsense in ("role=x", "show=x", "page=x", "q=" + "x" * 500):
        assert (await secadmin.get(f"/policy/roles?{nonsense}")).status_code == 200
    person = (await secadmin.get("/policy/roles/of/ops5")).text
    assert "2027" in person
    assert (await secadmin.get("/policy/roles/of/gone.long.ago")).status_code == 200
    assert (await secadmin.get("/policy/roles/of/nobody")).status_code == 404
