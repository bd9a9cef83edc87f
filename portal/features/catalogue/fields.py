"""Descriptions of what staff may edit: fields from which lists and forms are made, and how text becomes values."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from typing import Any

from piccolo.table import Table

from portal.core import money
from portal.core.i18n import LazyText
from portal.web.forms import Form
from rbac.permissions import Permission

Values = dict[str, Any]
Check = Callable[[Values, int | None], Awaitable[tuple[str, str] | None]]
Keep = Callable[[Mapping[str, Any]], str | None]

LARGEST: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """``kind``: text, long, integer, money, date, time, switch, choice, reference, weekdays, list.

    Fields of one ``group`` stand together. What is ``fixed`` is said once, when the row is made. ``pattern`` is the
    form of a text, and the code of what is said of another.
    """

    name: str
    label: LazyText
    kind: str = "text"
    required: bool = True
    hint: LazyText | None = None
    choices: tuple[tuple[str, LazyText], ...] = ()
    refers_to: type[Table] | None = None
    in_list: bool = True
    group: LazyText | None = None
    fixed: bool = False
    pattern: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """``check`` answers field and code of what is wrong with values, ``keep`` why a stored row may not be touched.

    ``slots`` tells that a change moves slots: it is shown before it is made.
    """

    name: str
    title: LazyText
    one: LazyText
    table: type[Table]
    fields: tuple[Field, ...]
    order: tuple[str, ...]
    edit: Permission
    about: LazyText | None = None
    slots: bool = False
    check: Check | None = None
    keep: Keep | None = None

    def parse(self, form: Form, row: Mapping[str, Any] | None = None) -> Values:
        """The typed values; errors are noted in the form. Of a stored row what is fixed stays."""
        return {
            field.name: row[field.name] if row and field.fixed else _parse(field, form)
            for field in self.fields
        }

    def typed(self, row: Mapping[str, Any]) -> dict[str, str]:
        """A stored row as the form would have it typed."""
        typed: dict[str, str] = {}
        for field in self.fields:
            value = row[field.name]
            if field.kind == "weekdays":
                typed |= {f"{field.name}-{day}": "yes" for day in value}
            else:
                typed[field.name] = _typed(field, value)
        return typed

    @property
    def groups(self) -> list[tuple[LazyText | None, list[Field]]]:
        """The fields as the form shows them."""
        return [
            (group, list(own)) for group, own in groupby(self.fields, lambda field: field.group)
        ]


def _parse(field: Field, form: Form) -> Any:  # noqa: PLR0911  an answer for each kind of field
    match field.kind:
        case "integer":
            value = form.integer(field.name, required=field.required, minimum=0, maximum=LARGEST)
            return value if form.values.get(field.name, "").strip() else None
        case "money":
            return _money(field, form)
        case "date":
            return _moment(field, form, date.fromisoformat, "bad-date")
        case "time":
            return _moment(field, form, time.fromisoformat, "bad-time")
        case "switch":
            return form.checked(field.name)
        case "choice":
            return form.choice(field.name, tuple(value for value, _words in field.choices))
        case "reference":
            return form.integer(field.name)
        case "weekdays":
            return _weekdays(field, form)
        case "list":
            return _parts(form.text(field.name, required=False))
        case _:
            return form.text(
                field.name, required=field.required, longest=2000, check=_formed(field)
            )


def _formed(field: Field) -> Callable[[str], str | None] | None:
    if field.pattern is None:
        return None
    wanted, code = field.pattern
    return lambda text: None if re.fullmatch(wanted, text) else code


def _weekdays(field: Field, form: Form) -> list[int]:
    days = [day for day in range(1, 8) if form.checked(f"{field.name}-{day}")]
    if not days:
        form.error(field.name, "weekdays-needed")
    return days


def _parts(text: str) -> list[str]:
    commas = text.replace("，", ",")  # i18n: a full-width comma
    return [part.strip() for part in commas.split(",") if part.strip()]


def _money(field: Field, form: Form) -> int:
    try:
        return money.parse_yuan(form.text(field.name, longest=20) or "0")
    except money.BadAmount as error:
        form.error(field.name, error.args[0])
        return 0


def _moment(field: Field, form: Form, parse: Callable[[str], Any], code: str) -> Any:
    text = form.text(field.name, required=field.required, longest=20)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError:
        form.error(field.name, code)
        return None


def _typed(field: Field, value: Any) -> str:
    if value is None:
        return ""
    match field.kind:
        case "money":
            return money.plain_yuan(value)
        case "time":
            return f"{value:%H:%M}"
        case "switch":
            return "yes" if value else ""
        case "list":
            return ", ".join(value)
        case _:
            return str(value)
