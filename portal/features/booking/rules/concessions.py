"""The concession that a birth date gives by itself: nobody pays more than need be because a list was not read."""

from collections.abc import Iterable
from datetime import date

from portal.features.catalogue.rules.categories import Category, age_on


def by_age(
    offers: Iterable[tuple[Category, int]], fen: int, born: date | None, day: date
) -> str | None:
    """Name the cheapest category for this age that costs less than ``fen``; None when there is none.

    What needs a certificate or a residence is never suggested: the birth date does not tell it.
    """
    if born is None:
        return None
    age = age_on(born, day)
    fitting = [
        (price, category.code)
        for category, price in offers
        if price < fen and _is_for_age(category, age)
    ]
    return min(fitting)[1] if fitting else None


def _is_for_age(category: Category, age: int) -> bool:
    if category.age_min is None and category.age_max is None:
        return False
    if category.proof == "certificate" or category.residence_prefixes:
        return False
    return (category.age_min or 0) <= age <= (age if category.age_max is None else category.age_max)
