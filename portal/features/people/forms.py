"""Text from the sign-in and account pages → values and errors."""

from collections.abc import Mapping
from typing import Final

from portal.core import text
from portal.features.people import sign_in
from portal.features.people.account_list import FACTORS, SOON, STATES, Wanted
from portal.features.people.accounts import Newcomer
from portal.features.people.rules import email_error, reason_error, username_error
from portal.features.people.service import WORDS
from portal.web.forms import Form

MOST_DAYS: Final = 3650


def blank() -> Form:
    return Form({}, WORDS)


def parse_sign_in(raw: Mapping[str, str], agent: str) -> tuple[Form, sign_in.Attempt | None]:
    """The password is never put back into the page."""
    form = Form(raw, WORDS)
    halfway = form.text("halfway", required=False, longest=500)
    username = form.text("username", required=not halfway, longest=60)
    password = form.values.pop("password", "")
    if not password and not halfway:
        form.error("password", "required")
    code = form.text("code", required=bool(halfway), longest=30)
    if form.errors:
        return form, None
    return form, sign_in.Attempt(username, password, code, halfway, agent)


def parse_new_password(raw: Mapping[str, str]) -> tuple[Form, tuple[str, str] | None]:
    """The current password and the new one, typed twice."""
    form = Form(raw, WORDS)
    current, wanted, again = (
        form.values.pop(name, "")
        for name in ("current_password", "new_password", "new_password_again")
    )
    if not current:
        form.error("current_password", "required")
    if not wanted:
        form.error("new_password", "required")
    elif wanted != again:
        form.error("new_password_again", "password-differs")
    return form, None if form.errors else (current, wanted)


def parse_new_account(raw: Mapping[str, str]) -> tuple[Form, Newcomer | None]:
    form = Form(raw, WORDS)
    name = text.tidy_name(form.text("name", longest=60))
    if name and (code := text.name_error(name)):
        form.error("name", code)
    name_en = text.tidy_name(form.text("name_en", required=False, longest=60))
    if name_en and (code := text.name_error(name_en)):
        form.error("name_en", code)
    username = form.text("username", longest=60).lower()
    if username and (code := username_error(username)):
        form.error("username", code)
    email = form.text("email", required=False, longest=300, check=email_error)
    return form, None if form.errors else Newcomer(username, name, name_en, email)


def parse_reason(raw: Mapping[str, str], field: str) -> tuple[Form, str]:
    """The reason typed into this field; each act of an account's page has one of its own."""
    form = Form(raw, WORDS)
    return form, form.text(field, longest=200, check=reason_error)


def parse_passkey_name(raw: Mapping[str, str]) -> tuple[Form, str]:
    form = Form(raw, WORDS)
    name = form.text("passkey_name", longest=60)
    if name and not text.is_visible_line(name):
        form.error("passkey_name", "bad-format")
    return form, name


def parse_wanted(asked: Mapping[str, str]) -> Wanted:
    """What the list is asked for; nonsense asks for everything."""
    state, factor = asked.get("state", ""), asked.get("factor", "")
    return Wanted(
        text.tidy_name(asked.get("q", ""))[:60],
        state if state in (*STATES, SOON) else "",
        factor if factor in FACTORS else "",
        min(text.whole_number(asked.get("idle", "")) or 0, MOST_DAYS),
    )
