"""The way of a draft through the pages: begun, reviewed, handed over, released by another, restored (PO-4, PO-5)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from portal.core import db
from portal.core.context import Act, set_act
from portal.features.policy import drafts, service
from portal.web.permission import policy
from rbac.permissions import Permission
from rbac.policy import shipped_policy
from tests.browser import Browser, SignIn
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.charter("PO-4")

SHIPPED = shipped_policy(demo=True)
NEW = "p, role:gate, *, order, list, any, , allow"
CONTRACT = "p, role:manager, *, contract, open, any, , allow"
NO_SECOND = "p, role:ceo, *, policy, release, !requester, , allow"


@pytest.fixture
async def secadmin(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("secadmin")


@pytest.fixture
async def ceo(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("ceo")


async def drafted(*lines: str, remove: tuple[str, ...] = (), submit: bool = True) -> int:
    set_act(Act("secadmin", 1))
    draft = await drafts.start("gate staff look orders up")
    await drafts.change(draft, add=lines, remove=remove)
    if submit:
        await drafts.submit(draft)
    return draft


async def post(browser: Browser, path: str, **fields: Any) -> Any:
    token = await browser.token("/policy")
    return await browser.post(path, data={"_csrf_token": token, **fields})


async def text(browser: Browser, path: str) -> str:
    answer = await browser.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, path
    return " ".join(answer.text.split())


async def test_a_draft_is_begun_once(secadmin: Browser) -> None:
    key = str(uuid4())
    for _ in range(2):
        answer = await post(secadmin, "/policy/drafts", title="a change", idempotency_key=key)
        assert answer.headers["location"] == "/policy/drafts/" + str((await drafts.living())[0].id)
    assert len(await drafts.living()) == 1
    assert "a change" in await text(secadmin, "/policy")


@pytest.mark.parametrize("title", ["", " ", "x" * 201, "\u202e"])
async def test_a_draft_needs_a_title(title: str, secadmin: Browser) -> None:
    answer = await post(secadmin, "/policy/drafts", title=title, idempotency_key=str(uuid4()))
    assert answer.status_code == 422
    assert 'id="error-title"' in answer.text
    assert await drafts.living() == []


async def test_the_whole_way(secadmin: Browser, ceo: Browser) -> None:
    draft = await drafted(NEW, submit=False)
    path = f"/policy/drafts/{draft}"
    page = await text(secadmin, f"{path}/review")
    assert "Submit for release" in page
    assert NEW in page
    assert "31 assertions hold" in page
    assert "gains" in page
    answer = await post(secadmin, f"{path}/submit")
    assert answer.headers["location"] == f"{path}/review?done=submitted"
    again = await post(secadmin, f"{path}/submit")
    assert again.headers["location"] == f"{path}/review"
    assert "Your password" not in await text(secadmin, f"{path}/review")
    assert "drafts of the policy to review and release" in await text(ceo, "/desk")
    assert "Waiting for your release" in await text(ceo, "/policy")
    assert "Release as version 2" in await text(ceo, f"{path}/review")
    wrong = await post(ceo, f"{path}/release", password="no", revision="1")
    assert wrong.status_code == 422
    assert 'id="error-password"' in wrong.text
    assert policy.version == 1
    done = await post(ceo, f"{path}/release", password=PASSWORD, revision="1")
    assert done.headers["location"] == "/policy/versions/2?done=released"
    assert policy.may_ever("gate1", Permission.ORDER_LIST)
    twice = await post(ceo, f"{path}/release", password=PASSWORD, revision="1")
    assert twice.headers["location"] == "/policy/versions/2"
    version = await text(ceo, "/policy/versions/2")
    assert NEW in version
    assert f"{path}/review" in version
    assert "Released as version 2" in await text(ceo, f"{path}/review")
    assert "Version 2 is in force" in await text(ceo, "/policy")
    assert "drafts of the policy to review and release" not in await text(ceo, "/desk")


async def test_whoever_drafted_it_does_not_release_it(secadmin: Browser, ceo: Browser) -> None:
    draft = await drafted(NEW)
    page = await text(secadmin, f"/policy/drafts/{draft}/review")
    assert "Somebody else releases this" in page
    answer = await post(
        secadmin, f"/policy/drafts/{draft}/release", password=PASSWORD, revision="1"
    )
    assert answer.status_code == 403
    entry = await db.fetchrow("SELECT * FROM audit_entry WHERE outcome = 'refused'")
    assert entry
    assert (entry["act"], entry["object_type"], entry["object_id"]) == (
        "policy:release",
        "policy_draft",
        str(draft),
    )
    assert "requester" in entry["rule"]
    assert policy.version == 1


async def test_the_only_one_who_could_may_and_is_told_why(secadmin: Browser) -> None:
    alone = "\n".join(line for line in SHIPPED.text.splitlines() if line != NO_SECOND)
    version = await service.release(alone, "nobody else may release")
    draft = await drafted(NEW)
    page = await text(secadmin, f"/policy/drafts/{draft}/review")
    assert "Nobody else may release it now, so the policy lets you." in page
    answer = await post(
        secadmin, f"/policy/drafts/{draft}/release", password=PASSWORD, revision="1"
    )
    assert answer.headers["location"] == f"/policy/versions/{version + 1}?done=released"
    kept = await db.fetchval(
        "SELECT detail -> 'facts' ->> 'attributes' FROM audit_entry WHERE act = 'policy:release' "
        "AND subject = 'secadmin'"
    )
    assert kept == '{"sole": true}'


async def test_what_breaks_an_assertion_offers_no_release(secadmin: Browser, ceo: Browser) -> None:
    draft = await drafted(CONTRACT)
    path = f"/policy/drafts/{draft}"
    page = await text(ceo, f"{path}/review")
    assert "This cannot be released as it is" in page
    assert "Only the director opens contracts." in page
    assert "Your password" not in page
    answer = await post(ceo, f"{path}/release", password=PASSWORD, revision="1")
    assert answer.status_code == 409
    assert policy.version == 1


async def test_what_was_changed_since_it_was_looked_at_is_not_released(
    secadmin: Browser, ceo: Browser
) -> None:
    draft = await drafted(NEW)
    path = f"/policy/drafts/{draft}"
    assert (await post(secadmin, f"{path}/withdraw")).status_code == 303
    set_act(Act("secadmin", 1))
    await drafts.change(draft, add=["p, role:gate, *, order, read, any, , allow"])
    await post(secadmin, f"{path}/submit")
    answer = await post(ceo, f"{path}/release", password=PASSWORD, revision="1")
    assert answer.status_code == 409
    assert policy.version == 1


async def test_a_draft_that_rests_on_an_old_version_is_made_again(
    secadmin: Browser, ceo: Browser
) -> None:
    first = SHIPPED.text.splitlines()[0]
    theirs = first.replace("role:staff", "role:colleague")
    draft = await drafted(NEW, remove=(first,))
    path = f"/policy/drafts/{draft}"
    await service.release(SHIPPED.text.replace(first, theirs, 1), "meanwhile")
    page = await text(ceo, f"{path}/review")
    assert "Version 2 was released meanwhile" in page
    answer = await post(ceo, f"{path}/release", password=PASSWORD, revision="1")
    assert answer.status_code == 409
    assert policy.version == 2
    answer = await post(secadmin, f"{path}/rebase")
    assert answer.headers["location"] == f"{path}/review?done=rebased"
    page = await text(secadmin, f"{path}/review")
    assert "Others have changed the same lines." in page
    ended = await drafts.get(draft)
    assert (ended.state, ended.base_version) == ("open", 2)
    assert {NEW, theirs} <= set(ended.lines)
    await post(secadmin, f"{path}/submit")
    released = await post(ceo, f"{path}/release", password=PASSWORD, revision="2")
    assert released.headers["location"] == "/policy/versions/3?done=released"


async def test_what_does_not_go_together_is_told(secadmin: Browser) -> None:
    draft = await drafted("g2, hr, gate1")
    await service.release(f"{SHIPPED.text}g2, gate1, hr\n", "meanwhile")
    answer = await post(secadmin, f"/policy/drafts/{draft}/rebase")
    assert answer.status_code == 409
    assert (await drafts.get(draft)).base_version == 1


async def test_an_unchanged_draft_is_not_handed_over(secadmin: Browser) -> None:
    draft = await drafted(submit=False)
    assert "Nothing has been changed yet" in await text(secadmin, f"/policy/drafts/{draft}/review")
    assert (await post(secadmin, f"/policy/drafts/{draft}/submit")).status_code == 422


async def test_a_dropped_draft_stays_to_be_read(secadmin: Browser) -> None:
    draft = await drafted(NEW)
    for _ in range(2):
        answer = await post(secadmin, f"/policy/drafts/{draft}/drop")
        assert answer.headers["location"] == "/policy?done=dropped"
    page = await text(secadmin, f"/policy/drafts/{draft}/review")
    assert NEW in page
    assert "Nothing of it took effect." in page
    for act in ("submit", "withdraw", "rebase"):
        assert (await post(secadmin, f"/policy/drafts/{draft}/{act}")).status_code == 409


async def test_an_earlier_version_comes_back_the_same_way(secadmin: Browser, ceo: Browser) -> None:
    await service.release(f"{SHIPPED.text}g, gate1, role:window, *\n", "gate1 sells too")
    page = await text(secadmin, "/policy/versions/1")
    assert "Restore this version" in page
    assert "Restore this version" not in await text(secadmin, "/policy/versions/2")
    assert "Restore this version" not in await text(ceo, "/policy/versions/1")
    key = str(uuid4())
    for _ in range(2):
        answer = await post(secadmin, "/policy/versions/1/restore", idempotency_key=key)
        [draft] = await drafts.living()
        assert answer.headers["location"] == f"/policy/drafts/{draft.id}/review?done=restored"
    assert draft.kind == "restore"
    await post(secadmin, f"/policy/drafts/{draft.id}/submit")
    await post(ceo, f"/policy/drafts/{draft.id}/release", password=PASSWORD, revision="0")
    assert policy.version == 3
    row = await db.fetchrow("SELECT lines FROM policy_version WHERE version = 3")
    assert row
    assert row["lines"] == SHIPPED.text
    same = await post(secadmin, "/policy/versions/1/restore", idempotency_key=str(uuid4()))
    assert same.status_code == 422


async def test_the_lines_of_a_version_are_searched_and_paged(ceo: Browser) -> None:
    page = await text(ceo, "/policy/versions/1")
    assert page.count("<li>") > 100
    assert "page=2" in page
    found = await text(ceo, "/policy/versions/1?q=contract%3A&sort=nonsense&page=x")
    assert "No line fits." in found
    found = await text(ceo, "/policy/versions/1?q=OPEN+A+CONTRACT")
    assert "The director may open a contract." in found
    lines = await text(ceo, "/policy/versions/1?sort=g3&q=tech1")
    assert "g3, tech1, director" in lines
    assert "1</a>" in await text(ceo, "/policy/versions")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/policy/drafts/4711/review"),
        ("get", "/policy/versions/4711"),
        ("post", "/policy/drafts/4711/submit"),
        ("post", "/policy/drafts/4711/drop"),
        ("post", "/policy/drafts/4711/rebase"),
        ("post", "/policy/drafts/4711/withdraw"),
        ("post", "/policy/versions/4711/restore"),
    ],
)
async def test_what_is_not_there_is_not_found(method: str, path: str, secadmin: Browser) -> None:
    act: Callable[..., Any] = post if method == "post" else Browser.get
    assert (await act(secadmin, path)).status_code == 404


async def test_a_release_without_its_fields_is_told_so(ceo: Browser) -> None:
    draft = await drafted(NEW)
    for fields in ({}, {"password": PASSWORD}, {"password": PASSWORD, "revision": "x"}):
        answer = await post(ceo, f"/policy/drafts/{draft}/release", **fields)
        assert answer.status_code == 422
    assert (await post(ceo, "/policy/drafts/4711/release", password="x")).status_code == 404
