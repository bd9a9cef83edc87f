"""Sums that no column could hold: refused where they are typed, and never an error of ours."""

from collections.abc import Mapping

import pytest

from portal.core import db
from portal.core.money import LARGEST_STORED
from portal.features.booking import forms
from portal.features.booking.rules import party
from portal.features.catalogue.migrations import catalogue_2026_11_25t02_00_00_000000 as migration
from portal.features.catalogue.rules.categories import STATUTORY
from portal.features.catalogue.rules.prices import LARGEST_PRICE
from portal.features.catalogue.snapshot import Priced
from tests.browser import Browser, SignIn
from tests.factories.booking import PHONE, a_number
from tests.factories.catalogue import a_price, a_product, a_slot, categories
from tests.features.booking.test_bill import TERMS

OLD_PRICE = 100_000_000  # a million yuan, as a price could be before it had a limit
TOO_MANY = LARGEST_STORED // OLD_PRICE + 1


def test_the_largest_party_at_the_largest_price_can_be_stored() -> None:
    assert party.LARGEST_PARTY * LARGEST_PRICE <= LARGEST_STORED
    assert party.total_error(party.LARGEST_PARTY * LARGEST_PRICE) is None
    assert party.total_error(LARGEST_STORED) is None
    assert party.total_error(LARGEST_STORED + 1) == "total-large"


async def an_old_price() -> int:
    """A product whose adults pay a million, from before the limit was made."""
    await db.execute("ALTER TABLE price DROP CONSTRAINT price_fits_an_order")
    product = await a_product(prices={"adult": OLD_PRICE})
    await db.execute(migration.SQL)
    return product


@pytest.mark.charter("BK-1")
async def test_old_prices_stay_and_new_ones_have_their_limit(database: None) -> None:
    product = await an_old_price()
    adult = (await categories())["adult"]
    assert await db.fetchval("SELECT max(fen) FROM price WHERE product = $1", product) == OLD_PRICE
    assert await a_price(product, adult, LARGEST_PRICE, season="peak")
    with pytest.raises(db.CheckViolation):
        await a_price(product, adult, LARGEST_PRICE + 1, season="off_peak")


def test_a_party_whose_sum_is_too_large_is_refused() -> None:
    adult = next(category for category in STATUTORY if category.code == "adult")
    priced: Mapping[str, Priced] = {"adult": Priced(adult, OLD_PRICE, "adult/any/any/2026-01-01")}
    terms = forms.Terms(TERMS.visit_day, TERMS.today, False, priced, party.LARGEST_PARTY)  # noqa: FBT003

    def error(rows: int) -> str | None:
        raw = {"contact_phone": PHONE, "consent": "yes"}
        for row in range(rows):
            raw |= {
                f"visitors-{row}-name": "游客",
                f"visitors-{row}-category": "adult",
                f"visitors-{row}-id_type": "resident_id",
                f"visitors-{row}-id_number": a_number(row + 1),
            }
        form, _wanted = forms.parse_order(raw, terms)
        return form.errors.get("party")

    assert error(TOO_MANY - 1) is None
    assert error(TOO_MANY) == "total-large"


@pytest.mark.charter("BK-10")
@pytest.mark.parametrize(
    ("count", "given", "words"),
    [
        (TOO_MANY, "", "more than one order can hold"),
        (1, "21474836.48", "too large"),
        (1, "1000000000", "too large"),
    ],
)
async def test_the_window_refuses_what_cannot_be_stored(
    signed_in_as: SignIn, count: int, given: str, words: str
) -> None:
    seller: Browser = await signed_in_as("window1")
    answer = await seller.post_form("/window?lang=en", {"float": "30000000"}, action="/window/open")
    assert answer.status_code == 422
    assert "too large" in answer.text
    answer = await seller.post_form("/window", {"float": "300"}, action="/window/open")
    assert answer.status_code == 303
    slot = await a_slot(await an_old_price())
    fields = {"count-adult": str(count), "given": given}
    answer = await seller.post_form(f"/window/{slot.id}?lang=en", fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{given}"' in answer.text
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 0
    answer = await seller.post_form("/window/close?lang=en", {"counted": "30000000"})
    assert answer.status_code == 422
