"""The booking form: text → a complete request, or errors beside the fields (INTERFACE.md names them)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from portal.core import text
from portal.features.booking.messages import WORDS
from portal.features.booking.rules import concessions, documents, party
from portal.features.booking.rules.party import OrderRequest, Visitor
from portal.features.catalogue.rules.categories import category_error
from portal.features.catalogue.snapshot import Priced
from portal.web.forms import Form

_ROW: Final = re.compile(r"visitors-(\d{1,3})-(?:name|category|id_type|id_number|country)")
_FIELDS: Final = ("name", "category", "id_type", "id_number", "country")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a booking is checked against: the day, what is sold on it, and how large a party may be."""

    visit_day: date
    today: date
    public_holiday: bool
    priced: Mapping[str, Priced]
    largest_party: int


@dataclass(frozen=True, slots=True)
class Line:
    """What one visitor pays and by which rule; ``better`` is a cheaper ticket that the birth date gives."""

    priced: Priced | None
    better: Priced | None


@dataclass(frozen=True, slots=True)
class Bill:
    """The price of the form as it stands: ``typed`` in, or still empty.

    ``guardian`` when a child below 14 seems to be among the visitors.
    """

    lines: tuple[Line, ...]
    guardian: bool
    typed: bool

    def __str__(self) -> str:
        """What of it does not follow from the choices in the form."""
        better = [line.better.rule if line.better else "" for line in self.lines]
        return f"{self.guardian}{self.typed}{','.join(better)}"

    @property
    def total_fen(self) -> int:
        return sum(line.priced.fen for line in self.lines if line.priced)


def blank(rows: int = 1) -> Form:
    form = Form({}, WORDS)
    form.values["rows"] = str(rows)
    return form


def row_count(values: Mapping[str, str]) -> int:
    """Visitors in the form: rows are numbered from 0 and at least one is shown."""
    numbers = [int(found[1]) for name in values if (found := _ROW.fullmatch(name))]
    return max(numbers, default=0) + 1


def as_typed(raw: Mapping[str, str]) -> Form:
    """The same form again; nothing is judged."""
    form = Form(raw, WORDS)
    form.values["rows"] = str(min(row_count(raw), party.LARGEST_PARTY))
    return form


def bill(form: Form, terms: Terms) -> Bill:
    """Work out what is shown before the click. It judges nothing: what cannot be read yet costs nothing yet.

    What depends on texts, such as a birth date, is noted in the form as a choice (``choices``).
    """
    rows = range(int(form.values.get("rows", "1")))
    first = next(iter(terms.priced), "")
    visitors = [_as_far_as_typed(form, row, first, terms.today) for row in rows]
    made = Bill(
        tuple(_line(visitor, terms) for visitor in visitors),
        party.needs_guardian(visitors, terms.visit_day),
        "visitors-0-name" in form.values,
    )
    form.values["bill"] = str(made)
    return made


def _as_far_as_typed(form: Form, row: int, first: str, today: date) -> Visitor:
    values, at = form.values, f"visitors-{row}-"
    document = documents.tidy(
        values.get(at + "id_type", "") or documents.RESIDENT, values.get(at + "id_number", "")
    )
    born = None if documents.error(document, today) else documents.birth_date(document)
    return Visitor("", values.get(at + "category", first), document, born)


def _line(visitor: Visitor, terms: Terms) -> Line:
    priced = terms.priced.get(visitor.category)
    if priced is None:
        return Line(None, None)
    offers = [(other.category, other.fen) for other in terms.priced.values()]
    better = concessions.by_age(offers, priced.fen, visitor.born, terms.visit_day)
    return Line(priced, terms.priced[better] if better else None)


def with_row_added(raw: Mapping[str, str], largest: int) -> Form:
    """The same form with one more visitor; nothing typed is lost and nothing is judged."""
    form = Form(raw, WORDS)
    form.values["rows"] = str(min(row_count(raw) + 1, largest))
    return form


def with_row_removed(raw: Mapping[str, str], position: int) -> Form:
    """The same form without this visitor; the rows after it move up."""
    rows = row_count(raw)
    kept = {name: value for name, value in raw.items() if not _ROW.fullmatch(name)}
    shown = range(min(rows, party.LARGEST_PARTY + 1))
    sources = [row for row in shown if row != position][: party.LARGEST_PARTY] or [0]
    for target, source in enumerate(sources):
        for field in _FIELDS:
            if (value := raw.get(f"visitors-{source}-{field}")) is not None and rows > 1:
                kept[f"visitors-{target}-{field}"] = value
    form = Form(kept, WORDS)
    form.values["rows"] = str(len(sources))
    return form


@cache
def choices(rows: int) -> tuple[str, ...]:
    """The fields of a form of so many visitors whose values decide more of the page than a text."""
    of_rows = (f"visitors-{row}-{name}" for row in range(rows) for name in ("category", "id_type"))
    return ("rows", "bill", "consent", "guardian_consent", *of_rows)


def resized(raw: Mapping[str, str], largest: int) -> Form | None:
    """The form with a visitor more or less, or as it is, when that is what was asked; None when it was sent to book.

    As it is: to see the price, or to take what was typed along to another time.
    """
    if "quote" in raw:
        return as_typed(raw)
    if "add" in raw:
        return with_row_added(raw, largest)
    if (position := text.whole_number(raw.get("remove", ""))) is not None:
        return with_row_removed(raw, position)
    return None


def parse_order(raw: Mapping[str, str], terms: Terms) -> tuple[Form, OrderRequest | None]:
    """Check everything that can be told without the database."""
    form = Form(raw, WORDS)
    rows = row_count(raw)
    form.values["rows"] = str(min(rows, party.LARGEST_PARTY))
    if code := party.party_error(rows, terms.largest_party):
        form.error("party", code)
        form.parameters["limit"] = str(terms.largest_party)
        return form, None
    visitors = [_visitor(form, row, terms) for row in range(rows)]
    phone = text.tidy_phone(form.values.get("contact_phone", ""))
    if code := text.phone_error(phone):
        form.error("contact_phone", code)
    if not form.checked("consent"):
        form.error("consent", "consent-needed")
    _check_party(form, visitors, terms)
    key = form.key("party")
    if form.errors or key is None:
        return form, None
    return form, OrderRequest(key, tuple(visitors), phone, form.checked("guardian_consent"))


def _visitor(form: Form, row: int, terms: Terms) -> Visitor:
    values, at = form.values, f"visitors-{row}-"
    name = text.tidy_name(values.get(at + "name", ""))
    if code := text.name_error(name):
        form.error(at + "name", code)
    id_type = values.get(at + "id_type", "") or documents.RESIDENT
    document = documents.tidy(
        id_type, values.get(at + "id_number", ""), values.get(at + "country", "")
    )
    code = documents.error(document, terms.today)
    if code:
        form.error(at + ("id_type" if code == "not-a-choice" else "id_number"), code)
    if code := documents.country_error(document):
        form.error(at + "country", code)
    born = None if at + "id_number" in form.errors else documents.birth_date(document)
    category = values.get(at + "category", "")
    priced = terms.priced.get(category)
    if priced is None:
        form.error(at + "category", "category-unknown" if category else "required")
    else:
        area = documents.area(document)
        code = category_error(
            priced.category, born, area, terms.visit_day, public_holiday=terms.public_holiday
        )
        if code:
            form.error(at + "category", code)
    return Visitor(name, category, document, born)


def _check_party(form: Form, visitors: list[Visitor], terms: Terms) -> None:
    prices = [terms.priced[one.category].fen for one in visitors if one.category in terms.priced]
    if code := party.total_error(sum(prices)):
        form.error("party", code)
    identities = [documents.identity(visitor.document) for visitor in visitors]
    for row in party.equal_documents(identities):
        form.error(f"visitors-{row}-id_number", "same-document")
    dependent = frozenset(
        code for code, priced in terms.priced.items() if priced.category.needs_companion
    )
    for row in party.unaccompanied(visitors, dependent, terms.visit_day):
        form.error(f"visitors-{row}-category", "companion-needed")
    allowed = {code: priced.category.companions for code, priced in terms.priced.items()}
    if party.companions_too_many([visitor.category for visitor in visitors], allowed):
        row = next(n for n, visitor in enumerate(visitors) if visitor.category == "companion")
        form.error(f"visitors-{row}-category", "companions-many")
    if party.needs_guardian(visitors, terms.visit_day) and not form.checked("guardian_consent"):
        form.error("guardian_consent", "guardian-needed")
