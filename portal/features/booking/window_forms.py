"""The form of a window sale: how many of each category, and what is known of them (BK-10).

A walk-up is a number: name, document and phone may be missing, because the person stands there. What is given is
checked as everywhere; a document that is given counts once for the day as everywhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portal.core import text
from portal.features.booking.forms import Terms
from portal.features.booking.messages import WORDS
from portal.features.booking.rules import documents, party
from portal.features.booking.rules.party import LARGEST_PARTY, OrderRequest, Visitor
from portal.features.catalogue.snapshot import Priced
from portal.web.forms import Form


@dataclass(frozen=True, slots=True)
class Row:
    """One person in the form: the beginning of the names of their fields, and which of their category they are."""

    at: str
    priced: Priced
    number: int


def blank() -> Form:
    return Form({}, WORDS)


def counts(values: Mapping[str, str], priced: Mapping[str, Priced]) -> dict[str, int]:
    """How many of each category, as far as it can be read: for showing the form again."""
    typed = {code: values.get(f"count-{code}", "").strip() for code in priced}
    return {
        code: min(text.whole_number(value) or 0, LARGEST_PARTY) for code, value in typed.items()
    }


def rows(values: Mapping[str, str], priced: Mapping[str, Priced]) -> list[Row]:
    """The people of the form, as many as fit in one order."""
    return list(_rows(counts(values, priced), priced))[:LARGEST_PARTY]


def _rows(numbers: Mapping[str, int], priced: Mapping[str, Priced]) -> Iterator[Row]:
    for code, number in numbers.items():
        for place in range(number):
            yield Row(f"visitors-{code}-{place}-", priced[code], place + 1)


def total_fen(values: Mapping[str, str], priced: Mapping[str, Priced]) -> int:
    return sum(number * priced[code].fen for code, number in counts(values, priced).items())


def parse(
    raw: Mapping[str, str], terms: Terms, *, documents_needed: bool
) -> tuple[Form, OrderRequest | None]:
    """Check everything that can be told without the database."""
    form = Form(raw, WORDS)
    numbers = {
        code: form.integer(f"count-{code}", required=False, minimum=0, maximum=LARGEST_PARTY)
        for code in terms.priced
    }
    if code := party.party_error(sum(numbers.values()), LARGEST_PARTY):
        form.error("party", code)
        form.parameters["limit"] = str(LARGEST_PARTY)
        return form, None
    if code := party.total_error(total_fen(raw, terms.priced)):
        form.error("party", code)
    wanted = list(_rows(numbers, terms.priced))
    visitors = [_walk_up(form, row, terms, needed=documents_needed) for row in wanted]
    phone = text.tidy_phone(form.values.get("contact_phone", ""))
    if phone and (code := text.phone_error(phone)):
        form.error("contact_phone", code)
    given = [
        documents.identity(one.document) if one.document.number else f"none:{place}"
        for place, one in enumerate(visitors)
    ]
    for place in party.equal_documents(given):
        form.error(f"{wanted[place].at}id_number", "same-document")
    key = form.key("party")
    if any(name.startswith("visitors-") for name in form.errors):
        form.values["names"] = "yes"  # an error is shown beside its field, so the fields are shown
    if form.errors or key is None:
        return form, None
    return form, OrderRequest(key, tuple(visitors), phone, guardian_consent=True)


def _walk_up(form: Form, row: Row, terms: Terms, *, needed: bool) -> Visitor:
    values, at = form.values, row.at
    name = text.tidy_name(values.get(at + "name", ""))
    if (name or needed) and (code := text.name_error(name)):
        form.error(at + "name", code)
    document = documents.tidy(
        values.get(at + "id_type", "") or documents.RESIDENT,
        values.get(at + "id_number", ""),
        values.get(at + "country", ""),
    )
    if (document.number or needed) and (code := documents.error(document, terms.today)):
        form.error(at + "id_number", code)
    if code := documents.country_error(document):
        form.error(at + "country", code)
    born = documents.birth_date(document) if at + "id_number" not in form.errors else None
    return Visitor(name, row.priced.category.code, document, born)
