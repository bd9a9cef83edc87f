"""The trail for whoever may read it (AU-1): filtered, followed, verified, exported."""

import csv
import io
import re
from datetime import timedelta

import pytest

from portal.core import audit, clock, db, order_code
from portal.core.context import Act, new_request_id, set_act
from portal.features.audit import queries
from tests.browser import Browser, SignIn

pytestmark = pytest.mark.charter("AU-1")


async def an_entry(
    subject: str = "ops1", act: str = "test:act", object_id: str = "A1", **detail: str
) -> None:
    set_act(Act(subject, 1, "192.0.2.5", "r1"))
    async with db.transaction():
        audit.record(act, "thing", object_id, **detail)


@pytest.fixture
async def auditor(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("auditadmin")


def shown(page: str) -> list[str]:
    """The acts in the list, from top to bottom."""
    return re.findall(r'<span class="code">([a-z_]+:[a-z_]+)</span>', page)


async def test_the_newest_entries_are_on_top(auditor: Browser) -> None:
    for number in range(3):
        await an_entry(act=f"test:act_{'abc'[number]}")
    page = (await auditor.get("/audit?act=&subject=ops1")).text
    assert shown(page) == ["test:act_c", "test:act_b", "test:act_a"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("subject=ops1", ["test:read", "test:edit"]),
        ("subject=ops2", ["test:edit"]),
        ("act=test:edit", ["test:edit", "test:edit"]),
        ("object_id=B2", ["test:edit"]),
        ("subject=ops1&object_id=A1&act=test:read", ["test:read"]),
        ("outcome=refused&subject=ops3", ["test:secret"]),
        ("outcome=allowed&subject=ops3", []),
        ("subject=%27%3B+DROP+TABLE+audit_entry%3B--", []),
        ("subject=" + "x" * 3000, []),
    ],
)
async def test_entries_are_filtered(query: str, found: list[str], auditor: Browser) -> None:
    await an_entry("ops1", "test:edit", "A1")
    await an_entry("ops2", "test:edit", "B2")
    await an_entry("ops1", "test:read", "A1")
    set_act(Act("ops3"))
    await audit.refused("test:secret", "thing", "C3")
    page = (await auditor.get(f"/audit?{query}")).text
    assert shown(page) == found
    assert await db.fetchval("SELECT count(*) FROM audit_entry") >= 4


async def test_days_are_the_site_s(auditor: Browser) -> None:
    await an_entry()
    today = clock.today()
    tomorrow = today + timedelta(days=1)
    assert shown((await auditor.get(f"/audit?subject=ops1&first={today}&last={today}")).text)
    assert not shown(
        (await auditor.get(f"/audit?subject=ops1&first={tomorrow}&last={tomorrow}")).text
    )
    backwards = await auditor.get(f"/audit?first={tomorrow}&last={today}")
    assert backwards.status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "first=yesterday",
        "last=9999-12-31",
        "first=0001-01-01",
        "first=2026-02-30&last=",
        "page=-1",
        "page=" + "9" * 5000,
        "page=99999",
        "subject=a&subject=b",
        "x=%ff%fe",
    ],
)
async def test_a_nonsense_filter_shows_the_usual(query: str, auditor: Browser) -> None:
    assert (await auditor.get(f"/audit?{query}")).status_code == 200


async def test_a_zero_octet_finds_nothing(auditor: Browser) -> None:
    answer = await auditor.get("/audit?subject=%00")
    assert answer.status_code == 200
    assert shown(answer.text) == []


def link(page: str, words: str) -> str | None:
    found = re.search(rf'href="([^"]+)"[^>]*>{words}</a>', page)
    return found[1].replace("&amp;", "&") if found else None


async def test_a_long_trail_is_walked_both_ways(auditor: Browser) -> None:
    """Entries of one append share their instant: none is shown twice, and none is left out."""
    async with db.transaction():
        for number in range(120):
            audit.record("test:many", "thing", number)
    url: str | None = "/audit?lang=en&act=test:many"
    pages = []
    while url:
        pages.append((await auditor.get(url)).text)
        url = link(pages[-1], "Older")
    assert [len(shown(page)) for page in pages] == [50, 50, 20]
    numbers = [number for page in pages for number in re.findall(r">(\d+)</a></span>", page)]
    assert numbers == [str(number) for number in reversed(range(120))]
    back = link(pages[2], "Newer")
    assert back is not None
    again = (await auditor.get(back)).text
    assert shown(again) == shown(pages[1])
    first = link(again, "Newer")
    assert first is not None
    top = (await auditor.get(first)).text
    assert re.findall(r">(\d+)</a></span>", top) == numbers[:50]
    assert link(top, "Newer") is None
    assert link(top, "Older") is not None


@pytest.mark.parametrize(
    "place", ["before=x", "before=1.2.3", "after=9.9.99999.1", "before=" + "9." * 4]
)
async def test_a_place_that_is_none_is_the_beginning(place: str, auditor: Browser) -> None:
    await an_entry()
    assert shown((await auditor.get(f"/audit?subject=ops1&{place}")).text) == ["test:act"]


async def test_what_stands_on_the_trail_is_text_in_the_page(auditor: Browser) -> None:
    await an_entry(object_id="<script>alert(1)</script>", note="<img src=x onerror=y>")
    page = (await auditor.get("/audit?subject=ops1")).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


# ── export ───────────────────────────────────────────────────────────────────────────────────────


def rows_of(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "a spreadsheet must see that it is UTF-8"
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_the_export_has_what_the_filter_shows_and_stands_on_the_trail(
    auditor: Browser,
) -> None:
    await an_entry("ops1", note="山门")
    await an_entry("ops2")
    answer = await auditor.get("/audit/export?subject=ops1")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    (row,) = rows_of(answer.content)
    assert (row["subject"], row["act"], row["object_id"], row["outcome"], row["address"]) == (
        "ops1",
        "test:act",
        "A1",
        "allowed",
        "192.0.2.5",
    )
    assert "山门" in row["detail"]
    entry = await db.fetchrow("SELECT * FROM audit_entry WHERE act = 'audit_trail:export'")
    assert entry["subject"] == "auditadmin"
    assert '"rows": 1' in entry["detail"]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']
)
async def test_no_cell_of_the_export_is_a_formula(cell: str, auditor: Browser) -> None:
    await an_entry(object_id=cell)
    (row,) = rows_of((await auditor.get("/audit/export?subject=ops1")).content)
    assert row["object_id"] == f"'{cell}"


async def test_nobody_else_reads_or_exports_it(signed_in_as: SignIn, visitor: Browser) -> None:
    for username in ("sysadmin", "secadmin", "gate1", "ops1"):
        browser = await signed_in_as(username)
        for path in ("/audit", "/audit/export"):
            assert (await browser.get(path)).status_code == 403, (username, path)
    assert (await visitor.get("/audit/export")).status_code == 303


# ── in words ─────────────────────────────────────────────────────────────────────────────────────


async def test_acts_things_and_changes_are_said_in_words(auditor: Browser) -> None:
    set_act(Act("ops1", 1, "192.0.2.5", "r1"))
    async with db.transaction():
        audit.record("settings:edit", "setting", "site.phone", before="1", after="2")
        audit.record("booking:create", "order", "0A1", fen=13500, party=2)
    english = (await auditor.get("/audit?subject=ops1&lang=en")).text
    assert "change: 1 → 2" in english
    assert "sum: ¥135" in english
    assert "people: 2" in english
    chinese = (await auditor.get("/audit?subject=ops1&lang=zh")).text
    assert "修改站点设置" in chinese
    assert "金额: ¥135" in chinese


async def test_one_thing_is_followed_through_its_whole_past(auditor: Browser) -> None:
    long_ago = clock.now() - timedelta(days=100)
    await an_entry(act="test:now")
    await db.execute(
        "INSERT INTO audit_entry SELECT day, lane, 1000000, $1, subject, 'test:then', object_type, object_id, outcome, "
        "rule, address, request_id, detail, digest FROM audit_entry WHERE act = 'test:now'",
        long_ago,
    )
    page = (await auditor.get("/audit?act=test:now")).text
    assert shown((await auditor.get("/audit?area=test")).text) == []
    follow = re.search(r'href="(/audit\?object_type=thing&amp;object_id=A1)"', page)
    assert follow is not None
    followed = (await auditor.get(follow[1].replace("&amp;", "&"))).text
    assert shown(followed) == ["test:now", "test:then"]


async def test_what_is_often_looked_at_is_a_click_away(auditor: Browser) -> None:
    set_act(Act("ops3"))
    await audit.refused("settings:edit", "route", "/settings")
    await an_entry()
    page = (await auditor.get("/audit?outcome=refused&subject=ops3")).text
    assert shown(page) == ["settings:edit"]
    assert 'href="/audit?act=visitor%3Areveal"' in page


async def test_accounts_and_roles_are_looked_at_in_words(auditor: Browser) -> None:
    async with db.transaction():
        audit.record("account:reset", "account", "ops1", change="unlocked")
        audit.record("role:grant", "account", "ops1", change="granted", role="role:manager")
    page = (await auditor.get("/audit?object_type=account&lang=en")).text
    assert "unlocked" in page
    roles = (await auditor.get("/audit?act=role:grant&lang=en")).text
    assert "a manager" in roles
    assert "role:manager" not in roles
    for look in ("object_type=account", "act=role%3Agrant"):
        assert f"/audit?{look}" in page


# ── one entry ────────────────────────────────────────────────────────────────────────────────────


def entry_link(page: str) -> str:
    found = re.search(r'href="(/audit/entries/[^"]+)"', page)
    assert found is not None
    return found[1]


async def test_an_entry_opens_to_all_that_is_kept_of_it(auditor: Browser) -> None:
    set_act(Act("ops1", 1, "192.0.2.5", "r1"))
    rule = "p, role:manager, *, approval, decide, any, amount < 10000000, allow"
    await audit.refused("approval:decide", "approval", 7, rule, facts={"amount": 900})
    page = (await auditor.get(entry_link((await auditor.get("/audit?subject=ops1")).text))).text
    english = (
        await auditor.get(entry_link((await auditor.get("/audit?subject=ops1")).text) + "?lang=en")
    ).text
    for told in ("ops1", "192.0.2.5", "r1", "approval:decide", rule.replace("<", "&lt;"), "900"):
        assert told in page
    assert "A manager may" in english
    assert "fits the entry" in english
    assert "covers 1 entry" in english


async def test_an_act_that_kept_no_line_is_explained_by_today_s(auditor: Browser) -> None:
    set_act(Act("sysadmin", 1, "192.0.2.5", "r1"))
    async with db.transaction():
        audit.record("settings:edit", "setting", "site.phone")
    page = (
        await auditor.get(entry_link((await auditor.get("/audit?act=settings:edit&lang=en")).text))
    ).text
    assert "by today&#39;s policy:" in page or "by today's policy:" in page
    assert "p, role:sysadmin, *, settings, edit" in page


@pytest.mark.parametrize(
    "path",
    ["2026-11-25/0/99999", "x/0/1", "2026-11-25/99999/1", "0001-01-01/0/1", "2026-11-25/0/0"],
)
async def test_an_entry_that_is_not_there_is_not_found(path: str, auditor: Browser) -> None:
    assert (await auditor.get(f"/audit/entries/{path}")).status_code == 404


async def test_what_one_request_did_is_found_by_its_name(auditor: Browser) -> None:
    name = new_request_id()
    for number in range(3):
        set_act(Act("ops1", 1, "192.0.2.5", name))
        async with db.transaction():
            audit.record(f"test:act_{number}", "thing", number)
    await an_entry(act="test:other")
    found = re.findall(r"test:act_\d", (await auditor.get(f"/audit?request_id={name}")).text)
    assert found == ["test:act_2", "test:act_1", "test:act_0"]
    assert shown((await auditor.get("/audit?request_id=r1")).text) == ["test:other"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("area=booking", 2),
        ("area=booking&outcome=refused", 0),
        ("area=settings", 1),
        ("act=booking:*", 2),
        ("object_id=AB*", 2),
        ("object_id=ABC", 1),
        ("object_id=AB%25", 0),
        ("object_id=*&area=booking", 2),
        ("object_type=order", 2),
        ("object_type=setting", 1),
    ],
)
async def test_acts_are_found_by_their_area_and_things_by_their_beginning(
    query: str, found: int, auditor: Browser
) -> None:
    set_act(Act("ops1", 1, "192.0.2.5", "r1"))
    async with db.transaction():
        audit.record("booking:create", "order", "ABC")
        audit.record("booking:cancel", "order", "ABD")
        audit.record("settings:edit", "setting", "site.phone")
    page = (await auditor.get(f"/audit?subject=ops1&{query}")).text
    assert len(shown(page)) == found


async def test_an_order_is_found_by_its_code_as_people_write_it(auditor: Browser) -> None:
    code = order_code.new(clock.today())
    async with db.transaction():
        audit.record("booking:create", "order", code)
    typed = order_code.grouped(code).lower()
    assert shown((await auditor.get(f"/audit?object_id={typed}")).text) == ["booking:create"]


async def test_a_search_that_takes_too_long_says_so(
    auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_args: object, **_named: object) -> None:
        raise queries.TooMuch

    monkeypatch.setattr(queries, "entries", slow)
    page = (await auditor.get("/audit?lang=en")).text
    assert "This search takes too long." in page


@pytest.mark.commits
async def test_a_statement_is_given_up_in_time(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PATIENCE", "20ms")
    with pytest.raises(queries.TooMuch):
        await queries.planned("SELECT pg_sleep(5)", [])
