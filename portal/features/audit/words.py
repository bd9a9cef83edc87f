"""The trail in words: entries keep codes, which never change; people read sentences."""

import json
from collections.abc import Mapping
from typing import Final

from portal.core import chains, i18n
from portal.core.i18n import LazyText, _, _l
from portal.core.money import yuan
from rbac.bilingual import Language
from rbac.lines import Rule
from rbac.permissions import BY_NAME, Permission
from rbac.reading import split
from rbac.words import rule_sentence, subject_words

THINGS: Final[Mapping[str, LazyText]] = {
    "account": _l("account"),
    "appeal": _l("appeal"),
    "audit": _l("audit trail"),
    "audit_month": _l("month of the audit trail"),
    "booking_block": _l("suspension"),
    "calendar": _l("holidays"),
    "closure": _l("closure"),
    "data_key": _l("data key"),
    "day": _l("day"),
    "drawers": _l("drawers"),
    "key_file": _l("key file"),
    "order": _l("order"),
    "payment": _l("payment"),
    "policy": _l("policy"),
    "refund": _l("refund"),
    "route": _l("page"),
    "setting": _l("setting"),
    "slots": _l("slots"),
    "waitlist": _l("waiting list"),
    "window_shift": _l("drawer"),
}
DETAILS: Final[Mapping[str, LazyText]] = {
    "disabled": _l("disabled"),
    "draft": _l("draft"),
    "group": _l("group"),
    "idle_days": _l("unused for days"),
    "instead_of": _l("instead of"),
    "reason": _l("reason"),
    "role": _l("role"),
    "sessions_ended": _l("sessions ended"),
    "since": _l("since"),
    "remark": _l("remark"),
    "change": _l("change"),
    "method": _l("payment"),
    "party": _l("people"),
    "places": _l("places"),
    "reference": _l("reference"),
    "rows": _l("rows"),
    "slot": _l("slot"),
    "kind": _l("kind"),
    "until": _l("until"),
    "asked": _l("filter"),
    "changed": _l("changed"),
    "made": _l("made"),
    "means": _l("by"),
    "retired": _l("retired"),
    "breaks": _l("breaks"),
    "chains": _l("chains"),
    "format": _l("format"),
    "hash": _l("hash"),
    "number": _l("number"),
    "result": _l("result"),
    "way": _l("way"),
}

#: What some details keep as codes.
CODES: Final[Mapping[str, LazyText]] = {
    "begun": _l("begun"),
    "dropped": _l("dropped"),
    "ended": _l("role ended"),
    "granted": _l("role granted"),
    "passkey": _l("a passkey"),
    "passkey-added": _l("a passkey added"),
    "passkey-removed": _l("a passkey removed"),
    "password": _l("password"),
    "password+code": _l("password and code"),
    "rebased": _l("rebased"),
    "recovery-codes": _l("new recovery codes"),
    "second-factor-off": _l("second factor off"),
    "second-factor-on": _l("second factor on"),
    "session-ended": _l("a session ended"),
    "sessions-ended": _l("sessions ended"),
    "submitted": _l("submitted"),
    "undone": _l("undone"),
    "unlocked": _l("unlocked"),
    "withdrawn": _l("called back"),
}
CODED: Final = frozenset({"change", "means"})

#: Acts that the portal does by itself, and nobody is permitted to.
ACTS: Final[Mapping[str, LazyText]] = {
    chains.SEALED_ACT: _l("drop a month of the audit trail under a seal"),
}
REASONS: Final = chains.REASONS

#: What auditors look at first: words and the filter.
LOOKS: Final = (
    (_l("Refused"), {"outcome": "refused"}),
    (_l("Names revealed"), {"act": "visitor:reveal"}),
    (_l("Sign-ins"), {"act": "session:login"}),
    (_l("Money given back"), {"act": "refund:create"}),
    (_l("Settings"), {"act": "settings:edit"}),
    (_l("Policy"), {"act": "policy:release"}),
    (_l("Accounts"), {"object_type": "account"}),
    (_l("Roles"), {"act": str(Permission.ROLE_GRANT)}),
)


def act(name: str) -> str:
    """What was done; nothing for an act that is no permission."""
    permission = BY_NAME.get(name)
    return permission.describe(language()) if permission else str(ACTS.get(name, ""))


def language() -> Language:
    return "en" if i18n.language() == "en" else "zh"


def rule(line: str, names: Mapping[str, str] | None = None) -> str:
    """A line of the policy as a sentence; nothing for what is no rule."""
    tokens = split(line)
    if tokens[0] != "p" or len(tokens) != len(Rule._fields) + 1:
        return ""
    try:
        return rule_sentence(Rule._make(tokens[1:]), language(), names or {})
    except ValueError:  # a relation or a condition of another version
        return ""


def facts(kept: Mapping[str, object]) -> list[tuple[str, str]]:
    """What the policy was told of the record, where the entry keeps it."""
    told = kept.get("facts")
    if not isinstance(told, Mapping):
        return []
    return [(str(key), _shown(value)) for key, value in told.items() if _shown(value)]


def thing(name: str) -> str:
    return str(THINGS.get(name, name))


def detail(text: str) -> list[tuple[str, str]]:
    """What the entry keeps beside: pairs of words and values, a change as one pair."""
    kept = json.loads(text or "{}")
    if not isinstance(kept, dict):
        return []
    kept.pop("facts", None)
    pairs = []
    if "before" in kept and "after" in kept:
        pairs.append((_("change"), f"{_shown(kept.pop('before'))} → {_shown(kept.pop('after'))}"))
    if isinstance(kept.get("fen"), int):
        pairs.append((_("sum"), yuan(kept.pop("fen"))))
    pairs += [(str(DETAILS.get(key, key)), _said(key, value)) for key, value in kept.items()]
    return [(key, value) for key, value in pairs if value]


def _said(key: str, value: object) -> str:
    """A value in words where it is a code; the role as people call it."""
    if key in CODED and isinstance(value, str):
        return str(CODES.get(value, value))
    if key == "role" and isinstance(value, str):
        return subject_words(value, language())
    return _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
