"""A setting shows its values in words."""

from portal.core.i18n import set_language
from portal.features.booking.limits import LARGEST_PARTY, RELEASE_POLICY
from portal.features.catalogue.sale import BOOKING_NEEDED


def test_choices_and_switches_have_words_in_both_languages() -> None:
    set_language("zh")
    assert RELEASE_POLICY.shown("immediate") == "立即重新放票"
    assert BOOKING_NEEDED.shown(value=True) == "是"
    set_language("en")
    assert RELEASE_POLICY.shown("immediate") == "on sale again at once"
    assert BOOKING_NEEDED.shown(value=False) == "no"


def test_anything_else_is_shown_as_it_is() -> None:
    assert LARGEST_PARTY.shown(5) == "5"
