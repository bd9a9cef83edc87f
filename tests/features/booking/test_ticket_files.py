"""The files that a visitor takes along: tickets as PDF, the visit for the calendar (BK-6)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from icalendar import Calendar, Event

from portal.core.i18n import set_language
from portal.features.booking.documents import calendar, pdf
from portal.features.booking.queries import OrderView
from tests.browser import Browser
from tests.factories.booking import a_visitor, an_order

pytestmark = [pytest.mark.charter("BK-6"), pytest.mark.usefixtures("database")]
NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    yield
    set_language("zh")


async def party_of(count: int) -> OrderView:
    return await an_order(visitors=[a_visitor(serial) for serial in range(1, count + 1)])


def pages(body: bytes) -> int:
    found = re.search(rb"/Count (\d+)", body)
    assert found
    return int(found[1])


@pytest.mark.parametrize(("tickets", "expected"), [(1, 1), (3, 1), (4, 2), (5, 2)])
async def test_three_tickets_stand_on_a_page(tickets: int, expected: int) -> None:
    body = pdf.ticket_pdf(await party_of(tickets), "云岫山景区", "400-000-0000")
    assert body.startswith(b"%PDF-")
    assert pages(body) == expected


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", {"sum": "2张门票 · 到景区付款：¥200", "phone": "咨询电话：400-000-0000"}),
        (
            "en",
            {"sum": "2 tickets · To be paid at the gate: ¥200", "phone": "Telephone 400-000-0000"},
        ),
    ],
)
async def test_the_tickets_speak_the_language_of_the_visitor(
    language: str, words: dict[str, str]
) -> None:
    order = await party_of(2)
    set_language(language)
    shown = pdf.data(order, "云岫山景区", "400-000-0000")
    assert shown["lang"] == language
    assert {name: shown[name] for name in words} == words
    assert [ticket["number"] for ticket in shown["tickets"]] == ["1 / 2", "2 / 2"]
    assert pages(pdf.ticket_pdf(order, "云岫山景区", "400-000-0000")) == 1


@pytest.mark.parametrize(
    "name",
    [
        '#panic("x") $x$ [*_`<a>@b',
        'O’Neill\\ " {} // /* =',
        "محمد بن عبد الله",
        "Δημήτρης Владимир",
        "👨‍👩‍👧‍👦",
        "欧阳" * 40,
        "Wolfeschlegelsteinhausenbergerdorff " * 6,
    ],
)
async def test_no_name_breaks_a_ticket(name: str) -> None:
    order = await party_of(1)
    named = replace(order, tickets=(replace(order.tickets[0], name=name),))
    assert pages(pdf.ticket_pdf(named, name, "1")) == 1


async def test_a_cancelled_ticket_is_not_in_the_file() -> None:
    order = await party_of(2)
    one_left = replace(
        order, tickets=(replace(order.tickets[0], state="cancelled"), order.tickets[1])
    )
    shown = pdf.data(one_left, "x", "1")
    assert [ticket["number"] for ticket in shown["tickets"]] == ["1 / 1"]
    assert shown["sum"] == "1张门票 · 到景区付款：¥100"


def event(body: bytes) -> Any:
    found = Calendar.from_ical(body).walk("VEVENT")
    assert len(found) == 1
    assert isinstance(found[0], Event)
    return found[0]


@pytest.mark.parametrize(("language", "who"), [("zh", "2位游客"), ("en", "2 visitors")])
async def test_the_calendar_holds_the_visit_in_the_visitor_s_language(
    language: str, who: str
) -> None:
    order = await party_of(2)
    set_language(language)
    visit = event(calendar.ics(order, "云岫山景区", "山门广场1号", NOW))
    assert visit["summary"].startswith("云岫山景区 · ")
    assert visit["summary"].params["LANGUAGE"] == {"zh": "zh-CN", "en": "en"}[language]
    assert visit["location"] == "云岫山景区, 山门广场1号"
    assert visit["dtstart"].dt == order.starts_at
    assert visit["dtend"].dt == order.ends_at
    lines = visit["description"].split("\n")
    assert order.shown_code in lines[0]
    assert lines[1] == who
    assert order.key not in visit.to_ical().decode()


async def test_a_cancelled_order_takes_its_event_out_of_the_calendar() -> None:
    order = await party_of(1)
    before = event(calendar.ics(order, "x", "", NOW))
    gone = event(calendar.ics(replace(order, state="cancelled"), "x", "", NOW))
    assert gone["uid"] == before["uid"]
    assert gone["sequence"] > before["sequence"]
    assert gone["status"] == "CANCELLED"
    assert before.walk("VALARM")
    assert not gone.walk("VALARM")


async def test_both_files_come_with_the_order_s_link_and_not_without(visitor: Browser) -> None:
    order = await party_of(1)
    path = f"/orders/{order.code}"
    for name, media_type in (("ticket.pdf", "application/pdf"), ("visit.ics", "text/calendar")):
        answer = await visitor.get(f"{path}/{name}?key={order.key}&lang=en")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert (await visitor.get(f"{path}/{name}")).status_code == 404
