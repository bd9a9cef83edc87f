from uuid import UUID, uuid4

from portal.core import i18n
from portal.web.forms import COMMON, Form


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
