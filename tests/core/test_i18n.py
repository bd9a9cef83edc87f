import asyncio

import pytest
from markupsafe import Markup

from portal.core import i18n
from portal.core.i18n import LazyText, Said, _, _l, choose, language, ngettext, set_language


@pytest.fixture(autouse=True)
def _chinese() -> None:
    set_language("zh")


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "language"),
    [
        ("en", "zh", "zh-CN", "en"),
        ("zh", "en", "en", "zh"),
        (None, "en", "zh-CN,zh;q=0.9", "en"),
        ("fr", "en", None, "en"),
        ("fr", "de", "en-GB", "en"),
        (None, None, "en-US,en;q=0.9,zh;q=0.8", "en"),
        (None, None, "fr, en;q=0.3, zh;q=0.7", "zh"),
        (None, None, "zh-Hant-TW", "zh"),
        (None, None, "EN", "en"),
        (None, None, "de,fr;q=0.5", "zh"),
        (None, None, "*", "zh"),
        (None, None, "en;q=much, zh", "zh"),
        (None, None, "", "zh"),
        (None, None, None, "zh"),
    ],
)
def test_the_wish_in_the_address_wins_then_the_cookie_then_the_browser(
    query: str | None, cookie: str | None, accept: str | None, language: str
) -> None:
    assert choose(query, cookie, accept) == language


def test_a_language_that_the_browser_refuses_is_not_chosen() -> None:
    assert choose(None, None, "zh;q=0, en") == "en"
    assert choose(None, None, "en;q=0") == "zh"


def test_a_text_is_said_in_the_language_of_the_task() -> None:
    assert _("Book") == "预订"
    set_language("en")
    assert _("Book") == "Book"


def test_a_text_without_translation_stays_as_it_is() -> None:
    assert _("no such text") == "no such text"


def test_values_are_put_in_by_name() -> None:
    assert _("Paid: %(sum)s", sum="¥120") == "已支付：¥120"


def test_english_has_two_forms_for_numbers_and_chinese_one() -> None:
    one, many = "%(num)s visitor", "%(num)s visitors"
    assert ngettext(one, many, 1) == ngettext(one, many, 2) == "%(num)s位游客"
    set_language("en")
    assert ngettext(one, many, 1) == one
    assert ngettext(one, many, 0) == ngettext(one, many, 2) == many


def test_a_lazy_text_is_translated_when_it_is_shown() -> None:
    label = _l("Paid: %(sum)s", sum="¥5")
    assert str(label) == "已支付：¥5"
    set_language("en")
    assert str(label) == "Paid: ¥5"


def test_a_lazy_text_may_take_its_values_later() -> None:
    assert _l("Paid: %(sum)s") % {"sum": "¥5"} == "已支付：¥5"


def test_a_value_may_be_put_into_words_when_it_is_shown() -> None:
    label = _l("Paid: %(sum)s", sum=Said(lambda day: f"{day}-{language()}", 5))
    assert str(label) == "已支付：5-zh"
    set_language("en")
    assert str(label) == "Paid: 5-en"


def test_a_lazy_text_is_escaped_where_html_is_made() -> None:
    assert Markup("<b>{}</b>").format(LazyText("<i>")) == "<b>&lt;i&gt;</b>"


def test_equal_lazy_texts_are_one_key() -> None:
    groups = {_l("Book"): 1}
    groups[_l("Book")] = 2
    assert list(groups.values()) == [2]
    assert _l("Book") != "预订"
    assert repr(_l("Book")) == "LazyText('Book')"


async def test_two_requests_at_once_speak_their_own_languages() -> None:
    async def speak(language: str) -> str:
        set_language(language)
        await asyncio.sleep(0)
        return _("Book")

    assert await asyncio.gather(speak("en"), speak("zh")) == ["Book", "预订"]
    assert i18n.language() == "zh"
