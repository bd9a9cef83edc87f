"""Verifying in the page (AU-1): a run goes on by itself, is followed, kept, and one at a time."""

import asyncio
import json
from datetime import timedelta

import pytest

from portal.core import clock, db
from portal.features.audit import verification
from tests.browser import HTMX, Browser, SignIn
from tests.core.test_audit import act, without_guards

pytestmark = [pytest.mark.charter("AU-1"), pytest.mark.commits]


@pytest.fixture
async def auditor(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("auditadmin")


async def ended() -> None:
    await asyncio.gather(*verification._tasks)


async def with_guards() -> None:
    for table in ("audit_entry", "audit_link", "audit_chain", "audit_sealed_month"):
        await db.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def test_a_run_is_begun_followed_and_kept(auditor: Browser) -> None:
    for _ in range(3):
        await act()
    answer = await auditor.post_form("/audit?lang=en", action="/audit/verify")
    assert answer.status_code == 303
    url = answer.headers["location"]
    on = (await auditor.get(url)).text
    assert "data-hx-get" in on or "The trail holds" in on
    await ended()
    page = (await auditor.get(f"{url}?lang=en")).text
    before_its_end = await db.fetchval("SELECT count(*) FROM audit_entry") - 1
    assert f"The trail holds: {before_its_end} entries verified." in page
    assert "data-hx-get" not in page
    fragment = (await auditor.get(url, headers=HTMX)).text
    assert fragment.lstrip().startswith('<div id="progress"')
    assert "auditadmin" in (await auditor.get("/audit/verifications")).text
    told = await db.fetchval("SELECT detail FROM audit_entry ORDER BY at DESC LIMIT 1")
    assert json.loads(told) == {"rows": before_its_end, "breaks": 0, "result": "holds"}


async def test_a_break_is_named_with_its_entry(auditor: Browser) -> None:
    for _ in range(3):
        await act()
    await without_guards()
    await db.execute("UPDATE audit_entry SET subject = 'other' WHERE seq = 2")
    await with_guards()
    answer = await auditor.post_form("/audit?lang=en", action="/audit/verify")
    await ended()
    page = (await auditor.get(answer.headers["location"])).text
    assert 'role="alert"' in page
    assert "entry 2</a>: the entry was altered" in page
    entry = (await auditor.get(f"/audit/entries/{clock.now():%Y-%m-%d}/0/2")).text
    assert "does not fit: the entry was altered" in entry
    assert "broken" in (await auditor.get("/audit")).text


async def test_one_runs_at_a_time(auditor: Browser) -> None:
    await act()
    first = await verification.begin()
    assert first is not None
    assert await verification.begin() is None
    answer = await auditor.post_form("/audit", action="/audit/verify")
    assert answer.headers["location"] == f"/audit/verifications/{first}"
    assert "<progress" in (await auditor.get(answer.headers["location"])).text
    assert (await verification.run(first)).outcome == "holds"
    assert await verification.begin() is not None


async def test_of_many_that_begin_at_once_one_does(database: None) -> None:
    numbers = await asyncio.gather(*(verification.begin() for _ in range(8)))
    assert sum(number is not None for number in numbers) == 1


async def test_a_run_whose_process_died_stops_nobody(auditor: Browser) -> None:
    lost = await verification.begin()
    await db.execute(
        "UPDATE audit_verification SET beat_at = $1", clock.now() - timedelta(minutes=2)
    )
    page = (await auditor.get(f"/audit/verifications/{lost}?lang=en")).text
    assert "it proves nothing" in page
    assert await verification.begin() is not None


async def test_a_run_that_is_ended_says_so(database: None) -> None:
    for _ in range(3):
        await act()
    number = await verification.begin()
    assert number is not None
    verification.in_background(number)
    await asyncio.sleep(0)
    await verification.stop()
    found = await verification.get(number)
    assert found is not None
    assert (found.outcome, found.running) == ("stopped", False)


async def test_a_run_that_is_not_there_is_not_found(auditor: Browser) -> None:
    assert (await auditor.get("/audit/verifications/99999")).status_code == 404
