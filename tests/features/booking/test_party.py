from datetime import date

import pytest

from portal.features.booking.forms import as_typed, with_row_added, with_row_removed
from portal.features.booking.rules import party
from portal.features.booking.rules.documents import Document
from portal.features.booking.rules.party import Visitor

DAY = date(2026, 12, 1)
DEPENDENT = frozenset({"child"})


def a_visitor(category: str = "adult", born: date | None = None) -> Visitor:
    return Visitor("王芳", category, Document("passport", "E12345678"), born)


ADULT = a_visitor(born=date(2008, 12, 1))
YOUTH = a_visitor("youth", date(2008, 12, 2))
CHILD = a_visitor("child", date(2021, 5, 5))


@pytest.mark.charter("BK-7")
@pytest.mark.parametrize(
    ("size", "largest", "code"),
    [
        (0, 5, "party-empty"),
        (1, 5, None),
        (5, 5, None),
        (6, 5, "party-large"),
        (51, 1000, "party-large"),
    ],
)
def test_a_party_has_a_size(size: int, largest: int, code: str | None) -> None:
    assert party.party_error(size, largest) == code


@pytest.mark.parametrize(
    ("visitor", "needed"),
    [
        (a_visitor(born=date(2012, 12, 2)), True),
        (a_visitor(born=date(2012, 12, 1)), False),
        (a_visitor("child"), True),
        (a_visitor("child", date(1990, 1, 1)), False),
        (a_visitor(), False),
    ],
)
def test_a_guardian_consents_for_who_is_below_fourteen_on_the_day(
    visitor: Visitor,
    needed: bool,  # noqa: FBT001  a table of samples
) -> None:
    assert party.needs_guardian([ADULT, visitor], DAY) is needed


@pytest.mark.parametrize(
    ("visitors", "alone"),
    [
        ([CHILD], [0]),
        ([CHILD, YOUTH, CHILD], [0, 2]),
        ([CHILD, ADULT], []),
        ([CHILD, a_visitor()], []),
        ([YOUTH], []),
    ],
)
def test_a_child_comes_with_an_adult(visitors: list[Visitor], alone: list[int]) -> None:
    assert party.unaccompanied(visitors, DEPENDENT, DAY) == alone


@pytest.mark.parametrize(
    ("categories", "too_many"),
    [
        (["disabled", "companion"], False),
        (["disabled"], False),
        (["companion"], True),
        (["disabled", "companion", "companion"], True),
        (["adult", "companion"], True),
    ],
)
def test_companions_come_with_who_may_bring_them(
    categories: list[str],
    too_many: bool,  # noqa: FBT001  a table of samples
) -> None:
    assert party.companions_too_many(categories, {"disabled": 1, "adult": 0}) is too_many


def test_a_document_that_stands_twice_is_found_at_its_later_places() -> None:
    assert party.equal_documents(["a", "b", "a", "c", "b", "a"]) == [2, 4, 5]
    assert party.equal_documents([]) == []


def test_a_row_that_no_page_has_makes_no_page_of_a_thousand_rows() -> None:
    raw = {"visitors-999-name": "x", "visitors-0-name": "y", "remove": "0"}
    assert with_row_removed(raw, 0).values["rows"] == str(party.LARGEST_PARTY)
    assert with_row_added(raw, 9).values["rows"] == "9"
    assert as_typed(raw).values["rows"] == str(party.LARGEST_PARTY)


@pytest.mark.parametrize(
    ("category", "born", "child"),
    [
        ("adult", date(2012, 12, 2), True),
        ("adult", date(2012, 12, 1), False),
        ("child", date(2012, 12, 1), False),
        ("child", None, True),
        ("youth", None, False),
    ],
)
def test_a_child_is_told_by_the_document_else_by_the_category(
    category: str, born: date | None, *, child: bool
) -> None:
    assert party.is_child(a_visitor(category, born), DAY) is child
