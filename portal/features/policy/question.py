"""A question to the policy as its address holds it: who, what, on what, when, by which version (PO-3).

The address holds the whole question so that it can be sent to somebody: user names, never a name that was typed to
find one. ``.self`` and ``.nobody`` stand where a person may stand; no user name begins with a dot.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from portal.core import clock
from portal.core.i18n import LazyText, _l
from portal.core.money import parse_yuan, plain_yuan
from portal.features.policy.chosen import is_reference
from portal.web.forms import Form
from rbac.attributes import ATTRIBUTES, Attribute, Kind
from rbac.facts import NOBODY, Facts
from rbac.lines import NEWCOMER, VISITOR
from rbac.permissions import BY_NAME

SELF: Final = ".self"
NO_ONE: Final = ".nobody"
NOT_PEOPLE: Final = (VISITOR, NEWCOMER)
ATTRIBUTE: Final = "a-"  # before the name of an attribute
MOST_PARTIES: Final = 20
LARGEST: Final = 10**12

_PICKED: Final = re.compile(r".*\(([^()]+)\)")
_BETWEEN: Final = re.compile("[,，、;；]")  # i18n: between names, in either language
_GROUP: Final = re.compile(r"[\w.-]{1,64}")

MESSAGES: Final[Mapping[str, LazyText]] = {
    "nobody-called": _l("Nobody has this name or user name."),
    "several-people": _l("Several people fit. Choose one below."),
    "no-permission": _l("No permission has these words or this name."),
    "several-permissions": _l("Several permissions fit. Choose one below."),
    "no-record": _l("No such record was found."),
    "several-records": _l("Several records fit. Choose one below."),
    "no-group": _l("A group has letters, digits and _ . - only."),
    "no-version": _l("There is no such version or draft."),
    "many-parties": _l("At most 20 people, please."),
    "amount-form": _l("Please enter an amount such as 120 or 99.50."),
    "amount-negative": _l("This amount cannot be negative."),
    "amount-large": _l("This amount is too large."),
}


@dataclass(frozen=True, slots=True)
class Question:
    """Everything as text, tidied; empty is not told. ``attributes`` are by their names, as typed."""

    who: str = ""
    what: str = ""
    on: str = ""
    owner: str = ""
    requester: str = ""
    group: str = ""
    parties: str = ""
    at: str = ""
    policy: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, str]:
        """What its form and its address hold."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)[:-1]}
        more = {f"{ATTRIBUTE}{name}": value for name, value in self.attributes.items()}
        return {name: value for name, value in {**plain, **more}.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.values)

    def about(self, **changes: Any) -> str:
        """The address's query with something changed, for links to a neighbouring question."""
        return replace(self, **changes).query

    @property
    def tells_of_a_record(self) -> bool:
        return bool(
            self.on or self.owner or self.requester or self.group or self.parties or self.attributes
        )

    @property
    def moment(self) -> datetime | None:
        """The instant asked about; None for now."""
        return _minute(self.at) if self.at else None


def picked(text: str) -> str:
    """The key of what was picked from a list, ``陆景行 (director)``; whatever else was typed as it is."""
    found = _PICKED.fullmatch(text.strip())
    return found[1].strip() if found else text.strip()


def read_question(form: Form) -> Question:
    """Take what a form or an address says. People, permission and record are still to be looked up."""
    values = {
        each.name: picked(form.text(each.name, required=False))
        for each in fields(Question)[:-1]
        if each.name != "parties"
    }
    parties = [picked(part) for part in _BETWEEN.split(form.values.get("parties", ""))]
    values["parties"] = ",".join(dict.fromkeys(part for part in parties if part))
    if values["parties"].count(",") >= MOST_PARTIES:
        form.error("parties", "many-parties")
    if values["group"] not in ("", NO_ONE) and not _GROUP.fullmatch(values["group"]):
        form.error("group", "no-group")
    if values["at"] and _minute(values["at"]) is None:
        form.error("at", "bad-time")
    if not is_reference(values["policy"]):
        form.error("policy", "no-version")
    attributes = {
        name: typed
        for name in ATTRIBUTES
        if (typed := form.text(f"{ATTRIBUTE}{name}", required=False, longest=60))
    }
    for name, typed in attributes.items():
        _value(form, name, typed)
    return Question(**values, attributes=attributes)


def facts(form: Form, question: Question, known: Facts) -> Facts:
    """The facts of the question: what is typed goes before what the record tells."""

    def person(text: str, otherwise: str | None) -> str | None:
        return {"": otherwise, SELF: question.who, NO_ONE: NOBODY}.get(text, text)

    parties = known.parties
    if question.parties:
        named = (person(part, None) for part in question.parties.split(","))
        parties = frozenset(name for name in named if name)
    told = {name: _value(form, name, typed) for name, typed in question.attributes.items()}
    return Facts(
        owner=person(question.owner, known.owner),
        requester=person(question.requester, known.requester),
        group={"": known.group, NO_ONE: NOBODY}.get(question.group, question.group),
        parties=parties,
        attributes={**known.attributes, **told},
    )


def _minute(text: str) -> datetime | None:
    """The instant that a typed site time means; None for what is none."""
    try:
        typed = datetime.fromisoformat(text)
        if not clock.FIRST_DAY <= typed.date() <= clock.LAST_DAY:
            return None
        return clock.at(typed.date(), typed.time().replace(tzinfo=None))
    except (ValueError, OverflowError):
        return None


def _value(form: Form, name: str, typed: str) -> object:
    """An attribute's value as conditions read it; an error of the form when it is none."""
    attribute = ATTRIBUTES[name]
    try:
        return _READERS[attribute.kind](typed, attribute)
    except ValueError as error:
        form.error(f"{ATTRIBUTE}{name}", str(error.args[0]))
    return None


def _number(typed: str, attribute: Attribute) -> int:
    if attribute.money:
        return parse_yuan(typed)
    try:
        number = int(typed)
    except ValueError:
        raise ValueError("not-a-number") from None
    if abs(number) > LARGEST:
        raise ValueError("too-large")
    return number


def _truth(typed: str, _attribute: Attribute) -> bool:
    if typed not in ("yes", "no"):
        raise ValueError("not-a-choice")
    return typed == "yes"


def _text(typed: str, attribute: Attribute) -> str:
    if attribute.choices and typed not in attribute.choices:
        raise ValueError("not-a-choice")
    return typed


_READERS: Final[Mapping[Kind, Callable[[str, Attribute], object]]] = {
    Kind.NUMBER: _number,
    Kind.TRUTH: _truth,
    Kind.TEXT: _text,
}


def shown(name: str, value: object) -> str:
    """An attribute's value as the form would take it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and ATTRIBUTES[name].money:
        return plain_yuan(value)
    return str(value)


def permissions_with(text: str) -> list[str]:
    """Permissions of this name, or whose words or name hold the text, in either language."""
    if text in BY_NAME:
        return [text]
    sought = text.lower()
    exact = [name for name, known in BY_NAME.items() if sought in (known.en.lower(), known.zh)]
    return exact or [
        name
        for name, known in BY_NAME.items()
        if sought in name or sought in known.en.lower() or sought in known.zh
    ]
