from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.features.catalogue.rules.categories import (
    PROOFS,
    STATUTORY,
    Category,
    age_on,
    category_error,
    proof_at_gate,
)

DAY = date(2026, 12, 1)
BY_CODE = {category.code: category for category in STATUTORY}
LOCAL = Category("local", "居民票", "Resident", residence_prefixes=("1101", "1102"))
NOT_ON_HOLIDAYS = Category("early_senior", "老年票", "Senior", not_on_public_holidays=True)


def refused(
    category: Category, born: date | None = None, area: str = "", *, holiday: bool = False
) -> str | None:
    return category_error(category, born, area, DAY, public_holiday=holiday)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2020, 12, 1), DAY, 6),
        (date(2019, 12, 2), DAY, 6),
        (date(2019, 12, 1), DAY, 7),
        (date(2020, 2, 29), date(2026, 2, 28), 5),
        (date(2020, 2, 29), date(2026, 3, 1), 6),
        (date(2020, 2, 29), date(2028, 2, 29), 8),
    ],
)
def test_age_is_whole_years_on_the_visit_day(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


@given(st.dates(date(1900, 1, 1), DAY), st.dates(DAY, date(2100, 1, 1)))
def test_nobody_grows_younger(born: date, day: date) -> None:
    assert 0 <= age_on(born, DAY) <= age_on(born, day)


@pytest.mark.charter("BK-1")
@pytest.mark.parametrize(
    ("code", "born", "error"),
    [
        ("youth", date(2019, 12, 1), None),
        ("youth", date(2019, 12, 2), "category-too-young"),
        ("youth", date(2007, 12, 2), None),
        ("youth", date(2007, 12, 1), "category-too-old"),
        ("senior", date(1966, 12, 2), "category-too-young"),
        ("senior", date(1966, 12, 1), None),
        ("senior", date(1961, 12, 1), "category-too-old"),
        ("senior_free", date(1961, 12, 1), None),
        ("senior_free", date(1961, 12, 2), "category-too-young"),
        ("senior_free", None, None),
        ("child", date(2015, 1, 1), None),  # the height may suffice
        ("adult", date(1980, 1, 1), None),
    ],
)
def test_statutory_ages_include_both_ends(code: str, born: date | None, error: str | None) -> None:
    assert refused(BY_CODE[code], born) == error


@pytest.mark.parametrize(
    ("area", "error"), [("110105", None), ("440524", "category-residence"), ("", None)]
)
def test_residents_are_known_by_their_number(area: str, error: str | None) -> None:
    assert refused(LOCAL, area=area) == error


def test_a_concession_may_stop_on_public_holidays() -> None:
    assert refused(NOT_ON_HOLIDAYS) is None
    assert refused(NOT_ON_HOLIDAYS, holiday=True) == "category-holiday"
    assert refused(BY_CODE["senior_free"], date(1950, 1, 1), holiday=True) is None


@pytest.mark.charter("BK-1")
@pytest.mark.parametrize(
    ("code", "born", "proof"),
    [
        ("child", date(2021, 1, 1), "none"),
        ("child", date(2015, 1, 1), "height"),
        ("child", None, "height"),
        ("youth", date(2012, 1, 1), "none"),
        ("youth", None, "id"),
        ("student", date(2004, 1, 1), "certificate"),
        ("adult", None, "none"),
    ],
)
def test_the_gate_looks_at_what_the_document_does_not_prove(
    code: str, born: date | None, proof: str
) -> None:
    assert proof_at_gate(BY_CODE[code], born, DAY) == proof


def test_a_height_beside_a_least_age_is_looked_at_below_that_age() -> None:
    category = Category("small", "小", "Small", age_min=3, height_max_cm=120, proof="height")
    assert proof_at_gate(category, date(2025, 1, 1), DAY) == "height"
    assert proof_at_gate(category, date(2020, 1, 1), DAY) == "none"


@given(st.dates(date(1900, 1, 1), DAY))
def test_everybody_finds_a_category_by_age(born: date) -> None:
    by_age = [BY_CODE[code] for code in ("child", "youth", "senior", "senior_free")]
    fitting = [
        category.code
        for category in by_age
        if not refused(category, born) and proof_at_gate(category, born, DAY) == "none"
    ]
    age = age_on(born, DAY)
    assert len(fitting) == (0 if 18 < age < 60 else 1)
    assert refused(BY_CODE["adult"], born) is None


def test_the_statutory_set_is_complete_in_both_languages() -> None:
    assert len(BY_CODE) == len(STATUTORY)
    for category in STATUTORY:
        assert category.name_zh
        assert category.name_en
        assert category.eligibility_zh
        assert category.eligibility_en
        assert category.proof in PROOFS
