"""The trail in words: entries keep codes, which never change; people read sentences."""

import json
from collections.abc import Mapping
from typing import Final

from portal.core import i18n
from portal.core.i18n import LazyText, _, _l
from portal.core.money import yuan
from rbac.permissions import BY_NAME

THINGS: Final[Mapping[str, LazyText]] = {
    "account": _l("account"),
    "appeal": _l("appeal"),
    "audit": _l("audit trail"),
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
    "reason": _l("reason"),
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
}

#: What auditors look at first: words and the filter.
LOOKS: Final = (
    (_l("Refused"), {"outcome": "refused"}),
    (_l("Names revealed"), {"act": "visitor:reveal"}),
    (_l("Sign-ins"), {"act": "session:login"}),
    (_l("Money given back"), {"act": "refund:create"}),
    (_l("Settings"), {"act": "settings:edit"}),
    (_l("Policy"), {"act": "policy:release"}),
)


def act(name: str) -> str:
    """What was done; nothing for an act that is no permission."""
    permission = BY_NAME.get(name)
    return permission.describe("en" if i18n.language() == "en" else "zh") if permission else ""


def thing(name: str) -> str:
    return str(THINGS.get(name, name))


def detail(text: str) -> list[tuple[str, str]]:
    """What the entry keeps beside: pairs of words and values, a change as one pair."""
    kept = json.loads(text or "{}")
    pairs = []
    if "before" in kept and "after" in kept:
        pairs.append((_("change"), f"{_shown(kept.pop('before'))} → {_shown(kept.pop('after'))}"))
    if isinstance(kept.get("fen"), int):
        pairs.append((_("sum"), yuan(kept.pop("fen"))))
    pairs += [(str(DETAILS.get(key, key)), _shown(value)) for key, value in kept.items()]
    return [(key, value) for key, value in pairs if value]


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
