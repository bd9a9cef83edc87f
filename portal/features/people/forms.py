"""Text from the sign-in and account pages → values and errors."""

from collections.abc import Mapping

from portal.features.people import sign_in
from portal.features.people.service import WORDS
from portal.web.forms import Form


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
