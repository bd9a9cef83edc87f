"""The price of a party before it books, and the concession that a birth date gives."""

from datetime import date

import pytest

from portal.features.booking import forms
from portal.features.booking.rules.concessions import by_age
from portal.features.catalogue.rules.categories import STATUTORY
from portal.features.catalogue.snapshot import Priced
from tests.factories.booking import a_number

DAY = date(2026, 10, 1)
HALF = {"youth", "student", "senior"}
FEN = {
    category.code: 9000 if category.code == "adult" else 4500 if category.code in HALF else 0
    for category in STATUTORY
}
OFFERS = [(category, FEN[category.code]) for category in STATUTORY]
PRICED = {
    category.code: Priced(category, FEN[category.code], f"{category.code}/any/any/2026-01-01")
    for category in STATUTORY
}
TERMS = forms.Terms(visit_day=DAY, today=DAY, public_holiday=False, priced=PRICED, largest_party=5)
CHILD, SENIOR = a_number(born=date(2020, 1, 2)), a_number(born=date(1950, 3, 7))


@pytest.mark.parametrize(
    ("born", "fen", "expected"),
    [
        (date(2020, 10, 2), 9000, "child"),  # 5 years old on the day
        (date(2019, 10, 1), 9000, "youth"),  # 7 on the day itself
        (date(2008, 1, 1), 9000, "youth"),
        (date(2007, 1, 1), 9000, None),
        (date(1990, 1, 1), 9000, None),  # a student card is nothing that a birth date tells
        (date(1966, 10, 1), 9000, "senior"),
        (date(1961, 10, 1), 9000, "senior_free"),
        (date(1961, 10, 1), 4500, "senior_free"),
        (date(1961, 10, 1), 0, None),  # nothing is cheaper than nothing
        (None, 9000, None),
    ],
)
def test_the_cheapest_ticket_for_an_age_is_named(
    born: date | None, fen: int, expected: str | None
) -> None:
    assert by_age(OFFERS, fen, born, DAY) == expected


def bill(**typed: str) -> forms.Bill:
    raw = {name.replace("_", "-", 2): value for name, value in typed.items()}
    return forms.bill(forms.as_typed(raw), TERMS)


@pytest.mark.charter("BK-3")
def test_an_empty_form_shows_what_the_first_choice_costs() -> None:
    made = forms.bill(forms.blank(2), TERMS)
    assert [line.priced and line.priced.fen for line in made.lines] == [9000, 9000]
    assert made.total_fen == 18000
    assert not made.typed


def test_each_visitor_has_a_price_and_its_rule() -> None:
    made = bill(visitors_0_category="adult", visitors_1_category="student")
    assert [line.priced and line.priced.rule for line in made.lines] == [
        "adult/any/any/2026-01-01",
        "student/any/any/2026-01-01",
    ]
    assert made.total_fen == 13500
    assert not made.guardian


def test_a_birth_date_offers_the_better_ticket_and_asks_for_a_guardian() -> None:
    made = bill(
        visitors_0_category="adult",
        visitors_0_id_number=CHILD,
        visitors_1_category="adult",
        visitors_1_id_number=SENIOR,
    )
    assert [line.better and line.better.category.code for line in made.lines] == [
        "child",
        "senior_free",
    ]
    assert made.guardian


def test_what_cannot_be_read_yet_costs_nothing_yet() -> None:
    made = bill(visitors_0_category="none-of-ours", visitors_0_id_number="12")
    assert made.lines == (forms.Line(None, None),)
    assert made.total_fen == 0


def test_a_birth_date_is_part_of_what_decides_the_page() -> None:
    plain = forms.as_typed({"visitors-0-category": "adult"})
    child = forms.as_typed({"visitors-0-category": "adult", "visitors-0-id_number": CHILD})
    forms.bill(plain, TERMS)
    forms.bill(child, TERMS)
    assert plain.values["bill"] != child.values["bill"]
    assert "bill" in forms.choices(1)
