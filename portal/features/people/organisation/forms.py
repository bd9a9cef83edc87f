"""Text from the organisation's forms → values and errors."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from portal.core import clock
from portal.core.i18n import _
from portal.features.people.organisation.proposal import KINDS, Proposal, Recall, Refusal
from portal.features.people.organisation.words import WORDS
from portal.web.forms import Form

CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
GROUPS: Final = re.compile(r"\*|[a-z][a-z0-9_]{1,39}(,[a-z][a-z0-9_]{1,39})*")
LONGEST_DUTIES: Final = 4000
LARGEST: Final = 2**31 - 1
MOST_DUALS: Final = 4


def blank(values: Mapping[str, str] | None = None) -> Form:
    return Form(values, WORDS)


def parse_proposal(raw: Mapping[str, str]) -> tuple[Form, Proposal | None]:
    form = Form(raw, WORDS)
    kind = form.choice("kind", KINDS)
    person = form.text("person", longest=60)
    effective_on = _day(form, "effective_on")
    reason = form.text("reason", longest=500)
    key = form.key("reason")
    acting, placed = kind == "acting", kind in ("join", "transfer")
    post = form.integer("post", minimum=1, maximum=LARGEST) if placed else 0
    superior = form.text("superior", required=False, longest=60) if placed else ""
    duals = [
        form.text(f"dual_{n}", required=False, longest=60)
        for n in range(1, MOST_DUALS + 1)
        if placed
    ]
    absent = form.text("absent", longest=60) if acting else ""
    until_on = _day(form, "until_on") if acting else None
    heir = form.text("heir", required=False, longest=60) if kind in ("transfer", "leave") else ""
    if form.errors or effective_on is None or key is None:
        return form, None
    return form, Proposal(
        kind,
        person,
        effective_on,
        reason,
        key,
        until_on,
        post or None,
        superior or None,
        tuple(name for name in duals if name),
        absent or None,
        heir or None,
        acting and form.checked("leads"),
    )


def parse_recall(raw: Mapping[str, str], change: int) -> tuple[Form, Recall | None]:
    form = Form(raw, WORDS)
    reason = form.text("reason", longest=500)
    key = form.key("reason")
    return form, None if form.errors or key is None else Recall(change, reason, key)


def refuse(form: Form, refusal: Refusal, names: Mapping[str, str]) -> None:
    """Say it beside the field, with the people's names."""
    between = " → " if refusal.code in ("circle", "too-many-steps") else _(", ")
    form.parameters["people"] = between.join(names.get(name, name) for name in refusal.people)
    form.error(refusal.field, refusal.code)


def _day(form: Form, name: str) -> date | None:
    text = form.text(name, longest=20)
    if not text:
        return None
    day = clock.asked_day(text)
    if day is None:
        form.error(name, "bad-date")
    return day


def parse_post(
    raw: Mapping[str, str], units: Mapping[int, Any], roles: tuple[str, ...], *, new: bool
) -> tuple[Form, dict[str, Any] | None]:
    form = Form(raw, WORDS)
    values: dict[str, Any] = {}
    if new:
        values["code"] = form.text("code", longest=40, check=_code_error)
    values["unit"] = form.integer(
        "unit", check=lambda unit: None if unit in units else "not-a-choice"
    )
    for name in ("name_zh", "name_en"):
        values[name] = form.text(name, longest=60)
    for name in ("duties_zh", "duties_en"):
        values[name] = _lines(form.text(name, longest=LONGEST_DUTIES))
    if values["duties_zh"].count("\n") != values["duties_en"].count("\n"):
        form.error("duties_en", "duties-differ")
    for name in ("certificates_zh", "certificates_en"):
        values[name] = form.text(name, required=False, longest=400)
    if bool(values["certificates_zh"]) != bool(values["certificates_en"]):
        form.error(
            "certificates_en" if values["certificates_zh"] else "certificates_zh", "required"
        )
    values["headcount"] = form.integer("headcount", minimum=0, maximum=999)
    values["role"] = form.text("role", required=False, longest=80)
    if values["role"] and values["role"] not in roles:
        form.error("role", "unknown-role")
    groups = form.text("role_groups", required=bool(values["role"]), longest=400).replace(" ", "")
    if groups and not GROUPS.fullmatch(groups):
        form.error("role_groups", "groups-form")
    values["role_groups"] = groups.split(",") if groups and values["role"] else []
    values["position"] = form.integer("position", minimum=0, maximum=9999)
    return form, None if form.errors else values


def parse_unit(raw: Mapping[str, str], *, new: bool) -> tuple[Form, dict[str, Any] | None]:
    form = Form(raw, WORDS)
    values: dict[str, Any] = {}
    if new:
        values["code"] = form.text("code", longest=40, check=_code_error)
    for name in ("name_zh", "name_en"):
        values[name] = form.text(name, longest=60)
    values["own"] = form.checked("own")
    values["position"] = form.integer("position", minimum=0, maximum=9999)
    return form, None if form.errors else values


def _code_error(code: str) -> str | None:
    return None if CODE.fullmatch(code) else "code-form"


def _lines(text: str) -> str:
    """One duty in a line, tidied; empty lines fall away."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
