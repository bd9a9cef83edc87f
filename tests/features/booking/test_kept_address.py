"""Beside an order the trail keeps no visitor's address (RK-6), only the network that it belongs to."""

import pytest

from portal.core import audit, chains, db
from portal.core.context import Act, set_act
from portal.features.booking import orders
from tests.factories.catalogue import a_slot
from tests.features.booking.acts import book


@pytest.mark.commits
@pytest.mark.charter("RK-6")
async def test_the_trail_keeps_only_the_network_of_a_visitor(database: None) -> None:
    set_act(Act("visitor", None, "203.0.113.77", "abc"))
    outcome = await book(await a_slot())
    await orders.cancel(outcome.code)
    await audit.refused("booking:change", "order", outcome.code)
    kept = await db.fetch("SELECT act, address FROM audit_entry WHERE subject = 'visitor'")
    assert {row["act"]: row["address"] for row in kept} == {
        "booking:create": "203.0.113.0/24",
        "booking:cancel": "203.0.113.0/24",
        "booking:change": "203.0.113.0/24",
    }
    assert [step async for step in chains.verify() if isinstance(step, chains.Break)] == []
