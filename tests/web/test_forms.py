from typing import Any
from uuid import UUID, uuid4

import pytest

from portal.core import i18n
from portal.core.i18n import set_language
from portal.web.forms import COMMON, Form, decode
from tests.browser import Browser


def test_a_form_sent_again_has_the_same_key() -> None:
    key = uuid4()
    form = Form({"idempotency_key": str(key)})
    assert form.key("party") == key
    assert form.valid


def test_a_form_without_a_key_is_given_one() -> None:
    form = Form({})
    assert form.key("party") == UUID(form.values["idempotency_key"])


def test_a_spoilt_key_is_an_error_and_the_next_sending_succeeds() -> None:
    form = Form({"idempotency_key": "spoilt"})
    assert form.key("party") is None
    assert form.errors == {"party": "key-reused"}
    assert Form(form.values).key("party") is not None


def test_a_spoilt_key_speaks_both_languages() -> None:
    message = repr(COMMON["key-reused"])[len("LazyText(") + 1 : -2]
    assert i18n.catalogue("zh").gettext(message) != message


def test_a_label_stands_before_words_that_fit_any_field() -> None:
    form = Form({}, {"name-long": COMMON["too-long"]})
    form.error("name", "required")
    form.error("alias", "name-long")
    assert form.bare("name")
    assert not form.bare("alias")
    assert not form.bare("phone")


# ── values and errors ────────────────────────────────────────────────────────────────────────────


def typed(**values: str) -> Form:
    return Form(values)


def test_what_was_typed_survives_and_the_first_error_of_a_field_stays() -> None:
    form = typed(name="  x  ", number="many")
    assert form.text("name") == "x"
    assert form.integer("number") == 0
    form.error("number", "too-small")
    assert form.errors == {"number": "not-a-number"}
    assert form.values["number"] == "many"
    assert not form.valid
    assert form.message("number") == str(COMMON["not-a-number"])
    assert form.message("name") is None


@pytest.mark.parametrize(
    ("value", "options", "code"),
    [
        ("", {}, "required"),
        ("   ", {}, "required"),
        ("", {"required": False}, None),
        ("x" * 201, {}, "too-long"),
        ("x" * 200, {}, None),
        ("ab", {"check": lambda text: None if text == "ab" else "bad-format"}, None),
        ("ba", {"check": lambda text: None if text == "ab" else "bad-format"}, "bad-format"),
    ],
)
def test_a_text_is_checked(value: str, options: dict[str, Any], code: str | None) -> None:
    form = typed(name=value)
    form.text("name", **options)
    assert form.errors.get("name") == code


@pytest.mark.parametrize(
    ("value", "options", "number", "code"),
    [
        ("7", {}, 7, None),
        (" ７ ", {}, 7, None),
        ("-1", {}, -1, None),
        ("", {}, 0, "required"),
        ("", {"required": False}, 0, None),
        ("1.5", {}, 0, "not-a-number"),
        ("²", {}, 0, "not-a-number"),
        ("9" * 21, {}, int("9" * 21), "too-long"),
        ("9" * 5000, {}, 0, "too-long"),
        ("0", {"minimum": 1}, 0, "too-small"),
        ("11", {"maximum": 10}, 11, "too-large"),
        ("10", {"minimum": 1, "maximum": 10}, 10, None),
        ("3", {"check": lambda number: "odd" if number % 2 else None}, 3, "odd"),
    ],
)
def test_a_number_is_checked(
    value: str, options: dict[str, Any], number: int, code: str | None
) -> None:
    form = typed(number=value)
    assert form.integer("number", **options) == number
    assert form.errors.get("number") == code


def test_a_choice_is_one_of_those_offered() -> None:
    form = typed(kind="b", other="z")
    assert form.choice("kind", ("a", "b")) == "b"
    form.choice("other", {"a": 1})
    form.choice("missing", ("a",))
    assert form.errors == {"other": "not-a-choice", "missing": "required"}


@pytest.mark.parametrize(
    ("value", "ticked"), [("yes", True), ("on", True), ("", False), ("no", False)]
)
def test_a_box_is_ticked_by_what_browsers_send(value: str, *, ticked: bool) -> None:
    assert typed(consent=value).checked("consent") is ticked
    assert typed().checked("consent") is False


def test_a_code_without_words_is_shown_as_it_is_and_words_take_values() -> None:
    form = Form({}, {"few": COMMON["too-small"]})
    form.error("a", "no-words-for-this")
    form.error("b", "few")
    assert form.message("a") == "no-words-for-this"
    assert form.message("b") == str(COMMON["too-small"])


def test_every_common_code_has_words_in_chinese() -> None:
    for code, words in COMMON.items():
        set_language("en")
        english = str(words)
        set_language("zh")
        assert str(words) != english, code


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"name=%E6%AC%A7%E9%98%B3+%C2%B7", {"name": "欧阳 ·"}),
        (b"a%3Db=c%26d", {"a=b": "c&d"}),
        (b"a&b=", {"a": "", "b": ""}),
        (b"&&", {"": ""}),
        (b"a=%2B", {"a": "+"}),
    ],
)
def test_a_body_is_read_as_browsers_write_it(body: bytes, fields: dict[str, str]) -> None:
    assert decode(body) == fields


@pytest.mark.parametrize(
    "body",
    [
        b"a=%FF",
        b"a=%00",
        b"a=" + b"x" * 20_001,
        b"&".join(b"f%d=x" % number for number in range(401)),
        "a=山".encode(),
        b"a=%ED%A0%80",
    ],
)
async def test_what_none_of_our_forms_has_is_refused(body: bytes, visitor: Browser) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(body)
    answer = await visitor.post(
        "/login", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 400


async def test_a_form_sent_with_files_is_read_as_well(visitor: Browser) -> None:
    token = await visitor.token()
    answer = await visitor.post(
        "/login",
        data={"_csrf_token": token, "username": "somebody", "password": ""},
        files={"photo": b"x"},
    )
    assert answer.status_code == 422
    assert 'value="somebody"' in answer.text
