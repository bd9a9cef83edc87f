"""Error codes of booking in words; the Chinese is in ``portal/locale/zh/rules.po``."""

from collections.abc import Mapping
from typing import Final

from portal.core.i18n import LazyText, _l

WORDS: Final[Mapping[str, LazyText]] = {
    # names and phones
    "name-long": _l("A name can have at most 50 characters."),
    "name-invisible": _l("The name contains invisible characters. Please type it again."),
    "name-letters": _l(
        "Please write the name as on the document: letters, spaces, dots and hyphens only."
    ),
    "phone-form": _l(
        "Please enter a mobile number such as 138 0013 8000, or +country code and number."
    ),
    # documents
    "id-length": _l("A resident ID number has 18 characters."),
    "id-digits": _l("A resident ID number is 17 digits and a last digit or X."),
    "id-check": _l(
        "The last digit does not match the rest of the number. Please check each digit."
    ),
    "id-birth-date": _l("The birth date in this number does not exist."),
    "id-fifteen": _l(
        "15-digit numbers are no longer valid since 2013. Please use the 18-digit number."
    ),
    "residence-permit-form": _l(
        "A residence permit number begins with 81, 82 or 83 and has 18 characters."
    ),
    "hk-macau-permit-form": _l("This permit number is H or M followed by 8 digits."),
    "taiwan-permit-form": _l("This permit number has 8 digits."),
    "passport-form": _l("A passport number is 5 to 15 letters and digits."),
    "foreign-pr-form": _l(
        "This card number is 18 characters beginning with 9, or 3 letters and 12 digits."
    ),
    "country-form": _l("Please enter the country as three letters, such as USA."),
    "same-document": _l("This document is already in your party."),
    # party
    "party-empty": _l("Please enter at least one visitor."),
    "party-large": _l("One order can have at most %(limit)s visitors."),
    "total-large": _l("Together this costs more than one order can hold. Please book in parts."),
    "category-unknown": _l("This ticket is not sold for that day."),
    "category-holiday": _l("This concession does not apply on public holidays."),
    "category-too-young": _l(
        "According to the document, this person is too young for this ticket on the visit day."
    ),
    "category-too-old": _l(
        "According to the document, this person is too old for this ticket on the visit day."
    ),
    "category-residence": _l("This ticket is for local residents only."),
    "companion-needed": _l("This visitor cannot come alone. Please add an adult to the order."),
    "companions-many": _l("There are more companion tickets than your other tickets allow."),
    "consent-needed": _l(
        "Please tick this box: without your consent we may not use your data and cannot book."
    ),
    "guardian-needed": _l("For a child under 14 a guardian must consent."),
    # outcomes
    "sold-out": _l("These places have just been taken."),
    "slot-closed": _l("This slot can no longer be booked."),
    "duplicate-document": _l("One of these documents already has a booking for this day."),
    "phone-limit": _l("This phone number has reached its limit of orders for this day."),
    "blocked": _l("One of these documents or this phone number is suspended from booking."),
    "price-changed": _l("The price has changed. Please check it and book again."),
    "busy": _l(
        "Many people are booking right now. Nothing was booked; please press the button again."
    ),
    "timeout": _l(
        "Our answer takes longer than it should. Please press the button again: you will not be booked twice."
    ),
    # moving an order
    "change-late": _l("It is too late to move this order."),
    "change-limit": _l("This order has been moved as often as the rules allow."),
    "change-same": _l("This is the time you already have."),
    "change-price": _l("That time costs more than you paid. Please cancel and book again."),
    "change-category": _l("One of the tickets is not sold for that day."),
    # waiting list
    "already-waiting": _l("This number is already on the waiting list for this time."),
    "waits-many": _l("This phone number already waits for as many times of this day as it may."),
    "places-free": _l("There are places for your party: please book instead of waiting."),
    "no-offer": _l("This offer has expired. You can join the list again."),
    # personal data
    "still-needed": _l("The visit is still to come. Please cancel the order first."),
    "refund-open": _l(
        "Your refund is not finished. Your data can be deleted once the money has gone back."
    ),
    "reason-short": _l("Please say why, in a few words."),
    # staff
    "slots-needed": _l("Please choose at least one slot."),
    "given-short": _l("This is less than the price."),
    "drawer-uneven": _l("Count again, or say in a few words why it differs."),
    "not-sold-here": _l(
        "This order was not sold at the window: its money goes back the way it came."
    ),
    "order-unknown-here": _l("There is no order with this code."),
    "back-late": _l("Under the published rules nothing can be refunded any more."),
    "back-nothing": _l(
        "These tickets cannot be given back: they are used, past or given back already."
    ),
    "amount-form": _l("Please enter an amount such as 120 or 99.50."),
    "amount-negative": _l("The amount cannot be negative."),
    "amount-large": _l("This amount is too large."),
    # appeals
    "no-block": _l("No suspension is in force for this number."),
    "appeal-open": _l("Your appeal is already under review."),
    "text-short": _l("Please write a few words."),
    # finding an order
    "order-unknown": _l("No order matches this code and phone number."),
    "code-form": _l("An order code has 11 characters, such as 0AB-CDEF-GHJK."),
}
