"""Whatever is sent, by whomever, the portal answers: never with a fault of its own, never with its insides."""

import os
import re
from collections import Counter
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest

from portal.features.booking.queries import order_url
from tests.browser import Browser, SignIn
from tests.factories.booking import a_payment, a_visitor, an_order
from tests.factories.catalogue import a_gate, a_product, a_slot, an_attraction
from tests.web.fuzz import Fuzz, Shot, fire

#: ``PORTAL_TEST_FUZZ=50000`` for the long run (some minutes); each seed is another run.
REQUESTS = int(os.environ.get("PORTAL_TEST_FUZZ", "1500"))
SEED = int(os.environ.get("PORTAL_TEST_FUZZ_SEED", "1"))
ROUND = 150  # requests by one browser: then it signs in anew, for it may have signed out

PEOPLE = ("", "director", "sysadmin", "", "window1", "ops1", "auditadmin", "manager.systems")
INSIDES = re.compile(
    r"Traceback|asyncpg|litestar\.|jinja2\.|/portal/|SELECT .* FROM", re.IGNORECASE
)


@pytest.mark.commits
async def test_no_request_makes_a_fault(
    application: Any, new_browser: Callable[[], Browser], signed_in_as: SignIn
) -> None:
    known = await _known()
    keys = {str(code): order_url(str(code)).partition("?")[2] for code in known["code"]}
    fuzz = Fuzz(application, known, keys, SEED)
    seen: Counter[int] = Counter()
    for number in range(REQUESTS):
        if number % ROUND == 0:
            person = PEOPLE[number // ROUND % len(PEOPLE)]
            browser = await signed_in_as(person) if person else new_browser()
        browser._transport.client = (f"198.51.{number // 100 % 250}.{number % 100}", 50000)  # type: ignore[attr-defined]
        shot = await fuzz.shot(browser)
        answer = await fire(browser, shot)
        _check(shot, answer, f"request {number} of seed {SEED} by {person or 'a visitor'}")
        seen[answer.status_code] += 1
    assert {200, 303, 400, 403, 404, 422} <= seen.keys(), f"the shots went astray: {seen}"


def _check(shot: Shot, answer: Any, which: str) -> None:
    told = f"{which}: {shot} -> {answer.status_code}"
    assert answer.status_code < 500, told
    if "text/html" in answer.headers.get("content-type", ""):
        assert not INSIDES.search(answer.text), told
    if shot.forged:
        assert answer.status_code >= 400, told


async def _known() -> dict[str, list[object]]:
    """One of each thing that an address names."""
    attraction = await an_attraction()
    await a_gate(attraction)
    product = await a_product(attraction=attraction)
    slot, full = await a_slot(product), await a_slot(product, starts=time(13), capacity=1)
    order = await an_order(slot)
    held = await an_order(
        await a_slot(await a_product("cable", payment="online")), visitors=[a_visitor(2)]
    )
    payment = await a_payment(held, paid=False)
    return {
        "slot_id": [slot.id, full.id],
        "code": [order.code, held.code],
        "payment": [payment],
        "row_id": [1, product, attraction],
        "resource_name": ["products", "prices", "slots", "patterns", "categories", "holidays"],
        "provider_name": ["test"],
        "closure_id": [1],
        "message_id": [1],
        "block": [1],
        "appeal_id": [1],
        "entry_id": [1],
        "shift": [1],
    }
