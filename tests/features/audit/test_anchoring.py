"""Heads outside the database: on a schedule, by mail, and held against the trail (AU-1)."""

from datetime import timedelta
from typing import Any

import pytest

from portal.core import anchors, clock, db, jobs, site_settings
from portal.core.site_settings import BadValue
from portal.features.audit import anchoring
from tests.browser import Browser, SignIn
from tests.core.test_anchors import forge
from tests.core.test_audit import act
from tests.core.test_mail import a_post_office

pytestmark = pytest.mark.charter("AU-1")


@pytest.fixture
async def auditor(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("auditadmin")


async def compared(auditor: Browser, heads: str) -> str:
    answer = await auditor.post_form(
        "/audit/anchors?lang=en", {"heads": heads}, action="/audit/anchors/compare"
    )
    assert answer.status_code in (200, 422)
    return " ".join(answer.text.split())


async def taken(auditor: Browser) -> str:
    answer = await auditor.get("/audit/anchors/file")
    assert "attachment" in answer.headers["content-disposition"]
    return answer.text


async def test_heads_that_were_taken_away_agree_also_later(auditor: Browser) -> None:
    await act()
    heads = await taken(auditor)
    assert "1 head is still in its chain." in await compared(auditor, heads)
    for _ in range(3):
        await act()
    page = await compared(auditor, heads)
    assert "1 head is still in its chain." in page
    assert "does not carry" not in page
    told = await db.fetchval("SELECT detail FROM audit_entry WHERE act = 'audit_trail:anchor'")
    assert told == '{"way": "download", "rows": 1}'


async def test_a_trail_that_was_cut_does_not_agree_with_them(auditor: Browser) -> None:
    for _ in range(5):
        await act()
    heads = await taken(auditor)
    async with db.transaction():
        await forge(3)
    page = await compared(auditor, heads)
    assert "The trail is not the one that these heads are from." in page
    assert "the trail has no such head" in page


async def test_another_head_and_another_s_line_are_told(auditor: Browser) -> None:
    await act()
    heads = await taken(auditor)
    line = heads.replace('"head": "', '"head": "ff', 1)
    line = line[: line.index("ff") + 64] + line[line.index("ff") + 66 :]
    page = await compared(auditor, line)
    assert "the trail has another head there" in page
    assert "1 line does not carry this portal's mark" in page


@pytest.mark.parametrize(
    "heads", ["", "nonsense", '{"day": 1}', "[]", '{"day":"2026-01-01","lane":1e9}']
)
async def test_what_holds_no_head_is_told_beside_the_field(heads: str, auditor: Browser) -> None:
    page = await compared(auditor, heads)
    assert 'id="error-heads"' in page
    assert f">{heads}</textarea>" in page or heads in page or "&#34;" in page


async def test_heads_that_no_chain_can_have_are_gone(auditor: Browser) -> None:
    line = '{"day": "2026-01-01", "lane": 99999999, "length": 99999999999999999999, "head": "00"}'
    assert "the trail has no such head" in await compared(auditor, line)


async def test_a_file_is_compared_too(auditor: Browser) -> None:
    await act()
    heads = await taken(auditor)
    form = await auditor.form("/audit/anchors?lang=en", action="/audit/anchors/compare")
    for body, words in ((heads.encode(), "1 head is still"), (b"\xff\xfe\x00", "error-")):
        answer = await auditor.post(
            form.action,
            data=form.fields,
            files={"file": ("heads.jsonl", body, "application/x-ndjson")},
        )
        assert words in answer.text


async def test_the_file_is_written_as_often_as_is_set(database: None, at: Any) -> None:
    start = clock.now()
    await act()
    await anchoring.keep()
    assert [anchor.length for anchor in anchors.read().values()] == [1]
    await site_settings.change("audit.file_minutes", "10")
    await site_settings.load()
    await act()
    await anchoring.keep()
    assert [anchor.length for anchor in anchors.read().values()] == [1]
    at(start + timedelta(minutes=11))
    await anchoring.keep()
    assert [anchor.length for anchor in anchors.read().values()] == [3]


async def test_heads_are_sent_once_in_each_period(
    auditor: Browser, monkeypatch: pytest.MonkeyPatch, at: Any
) -> None:
    await act()
    async with a_post_office(monkeypatch) as office:
        await anchoring.send()
        await jobs.run_due()
        assert office.taken == [], "nobody is named"
        await site_settings.change("audit.mail_to", "auditor@example.org")
        await site_settings.change("audit.mail_hours", "12")
        await site_settings.load()
        for _ in range(2):
            await anchoring.send()
            await jobs.run_due()
        assert [message["To"] for message in office.taken] == ["auditor@example.org"]
        assert "sent" in (await auditor.get("/audit/anchors?lang=en")).text
        at(clock.now() + timedelta(hours=12))
        await anchoring.send()
        await jobs.run_due()
        assert len(office.taken) == 2
    body = office.taken[0].get_content()
    assert "请把本邮件" in body
    found = await anchoring.compare(body)
    assert found is not None
    assert (found.agreeing, found.faults, found.unmarked) == (found.lines, (), 0)
    acts = await db.fetch("SELECT detail FROM audit_entry WHERE act = 'audit_trail:anchor'")
    assert len(acts) == 2


async def test_without_a_mail_server_the_page_says_so(auditor: Browser) -> None:
    page = (await auditor.get("/audit/anchors?lang=en")).text
    assert "no address set" in page
    await site_settings.change("audit.mail_to", "auditor@example.org")
    await site_settings.load()
    await anchoring.send()
    assert "no mail server set up" in (await auditor.get("/audit/anchors?lang=en")).text
    assert await db.fetchval("SELECT count(*) FROM job WHERE name = 'mail.send'") == 0


@pytest.mark.parametrize(
    "text", ["x", "a@b", "a b@example.org", "a@example.org\nBcc: x@y.org", "é@example.org"]
)
async def test_what_is_no_address_is_not_taken(text: str, database: None) -> None:
    with pytest.raises(BadValue):
        await site_settings.change("audit.mail_to", text)
