import re
from collections.abc import Mapping
from importlib import import_module
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.features.booking.rules import states

MIGRATION = import_module("portal.features.booking.migrations.booking_2026_11_24t09_30_00_000000")


def in_schema(table: str) -> set[str]:
    """Read the states that the table's CHECK allows."""
    found = re.search(rf"CREATE TABLE {table} \(.*?state IN\s*\((.*?)\)", MIGRATION.SQL, re.DOTALL)
    assert found
    return set(re.findall(r"'(\w+)'", found[1]))


@pytest.mark.parametrize(
    ("table", "ways"), [("booking_order", states.ORDER), ("ticket", states.TICKET)]
)
def test_rules_and_schema_know_the_same_states(
    table: str, ways: Mapping[str, frozenset[str]]
) -> None:
    assert set(ways) == in_schema(table)
    assert frozenset().union(*ways.values()) <= set(ways)


def test_the_documents_of_live_tickets_are_unique_in_the_schema() -> None:
    found = re.search(r"ON ticket \(.*?WHERE state IN \((.*?)\)", MIGRATION.SQL, re.DOTALL)
    assert found
    assert set(re.findall(r"'(\w+)'", found[1])) == set(states.LIVE_TICKET)


def walked(ways: Mapping[str, frozenset[str]], state: str, choices: list[int]) -> list[str]:
    path = [state]
    for choice in choices:
        if not (onward := sorted(ways[path[-1]])):
            break
        path.append(onward[choice % len(onward)])
    return path


WALK = st.lists(st.integers(0, 99), max_size=30)


@pytest.mark.charter("BK-4")
@given(WALK)
def test_a_used_ticket_never_changes_and_a_place_given_back_is_not_used(choices: list[int]) -> None:
    path = walked(states.TICKET, "reserved", choices)
    for before, after in pairwise(path):
        assert states.ticket_may(before, after)
        assert before not in {"used", "cancelled", "refunded", "no_show", "replaced"}
    if "used" in path:
        assert path[path.index("used") - 1] == "valid"


@given(WALK)
def test_an_order_is_confirmed_only_from_a_hold_and_refunded_only_once(choices: list[int]) -> None:
    path = walked(states.ORDER, "held", choices)
    assert path.count("refunded") <= 1
    for before, after in pairwise(path):
        assert states.order_may(before, after)
        assert after != "confirmed" or before == "held"
        assert after not in states.STANDING or before in (*states.STANDING, "expired")


@pytest.mark.parametrize(
    ("before", "after"), [("used", "valid"), ("cancelled", "used"), ("no_show", "valid")]
)
def test_forbidden_ways_are_closed(before: str, after: str) -> None:
    assert not states.ticket_may(before, after)


def test_every_state_can_be_reached() -> None:
    for ways, starts in ((states.ORDER, {"held"}), (states.TICKET, {"reserved"})):
        reached, grown = set(starts), set[str]()
        while grown != reached:
            grown = set(reached)
            reached |= {after for before in grown for after in ways[before]}
        assert reached == set(ways)
