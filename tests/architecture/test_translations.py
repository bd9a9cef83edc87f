"""Chinese and English are both complete; and the check that says so finds what it should."""

import re
from pathlib import Path

import pytest

from portal.cli.translations import ROOT, problems, skeleton, texts

PAGE = '<p title="{{ _("Gate") }}">{{ ngettext("%(num)s ticket", "%(num)s tickets", n) }}</p>\n'
CODE = 'WORDS = {"late": _l("Too late")}\nsay(_("Until %(when)s", when=when))\n'
CHINESE = """\
msgid ""
msgstr "Language: zh\\n"

msgid "Gate"
msgstr "检票口"

msgid "%(num)s ticket"
msgid_plural "%(num)s tickets"
msgstr[0] "%(num)s张门票"

msgid "Too late"
msgstr "已截止"

msgid "Until %(when)s"
msgstr "%(when)s前"
"""


def test_every_text_is_there_in_chinese_and_in_english() -> None:
    assert problems() == []


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small source tree in which nothing is wrong."""
    write(tmp_path, "templates/booking/day.html", PAGE)
    write(tmp_path, "portal/features/words.py", CODE)
    write(tmp_path, "portal/locale/zh/booking.po", CHINESE)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_a_sound_tree_has_no_problems(tree: Path) -> None:
    assert problems(tree) == []
    assert len(skeleton(tree)) == 0


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("templates/a.html", '\n{{ _("New") }}', "templates/a.html:2: no Chinese for 'New'"),
        (
            "templates/a.html",
            '{% macro m() %}<b title="{{ _("New") }}"></b>{% endmacro %}',
            "templates/a.html:1: no Chinese for 'New'",
        ),
        ("portal/a.py", 'x = _l("New")', "portal/a.py:1: no Chinese for 'New'"),
        (
            "portal/locale/zh/a.po",
            'msgid "Old"\nmsgstr "旧"\n',
            "portal/locale/zh/a.po:1: nothing says 'Old' any more",
        ),
        (
            "portal/locale/zh/a.po",
            'msgid "Gate"\nmsgstr "大门"\n',
            "portal/locale/zh/booking.po:4: 'Gate' is '检票口' here, '大门' in portal/locale/zh/a.po:1",
        ),
        (
            "portal/locale/zh/a.po",
            'msgid "Gate"\nmsgstr "检票口"\n\nmsgid "Gate"\nmsgstr "检票口"\n',
            "portal/locale/zh/a.po:1: 'Gate' stands there 2 times",
        ),
        (
            "portal/locale/zh/booking.po",
            CHINESE.replace('"%(when)s前"', '"%(time)s前"'),
            "portal/locale/zh/booking.po:14: placeholders differ (time, when): 'Until %(when)s'",
        ),
        (
            "portal/locale/zh/booking.po",
            CHINESE.replace("检票口", "检票口100%"),
            "portal/locale/zh/booking.po:4: a stray % in '检票口100%'; write %%",
        ),
        (
            "portal/locale/zh/booking.po",
            CHINESE.replace('msgid "Gate"', '#, fuzzy\nmsgid "Gate"'),
            "portal/locale/zh/booking.po:5: still marked fuzzy: 'Gate'",
        ),
        (
            "portal/locale/zh/booking.po",
            CHINESE + "<<<<<<< HEAD\n",
            "portal/locale/zh/booking.po:16: unreadable: '<<<<<<< HEAD'",
        ),
        ("templates/a.html", "<p>\n余票</p>", "templates/a.html:1: not translatable: '余票'"),
        ("templates/a.html", "<p>Left</p>", "templates/a.html:1: not translatable: 'Left'"),
        (
            "templates/a.html",
            '<input placeholder="Your name">',
            "templates/a.html:1: not translatable: 'Your name'",
        ),
        ("portal/a.py", 'title = "余票"', "portal/a.py:1: Chinese in the code: '余票'"),
    ],
)
def test_each_fault_is_named_with_its_place(
    tree: Path, name: str, text: str, complaint: str
) -> None:
    write(tree, name, text)
    assert problems(tree) == [complaint]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("templates/a.html", '<a href="?lang=zh" lang="zh-CN">中文</a>'),
        ("templates/a.html", "{# 余票 #}<span class='code'>booking:create</span> PDF"),
        ("templates/a.html", '<input placeholder="booking:create"><script>let left = 1</script>'),
        ("portal/a.py", '"""余票"""\n# 余票\nname = "山门"  # i18n: the name itself\n'),
        ("portal/demo.py", 'name = "山门"\n'),
    ],
)
def test_what_need_not_be_translated_is_left_alone(tree: Path, name: str, text: str) -> None:
    write(tree, name, text)
    assert problems(tree) == []


def test_the_skeleton_lists_only_what_is_missing(tree: Path) -> None:
    write(tree, "templates/a.html", '{{ _("New") }}{{ _("Gate") }}')
    assert [message.id for message in skeleton(tree) if message.id] == ["New"]


def test_a_text_knows_all_its_places(tree: Path) -> None:
    write(tree, "templates/a.html", '\n{{ _("Gate") }}')
    assert texts(tree)["Gate"].places == ["templates/a.html:2", "templates/booking/day.html:1"]


def test_scripts_have_the_same_words_in_both_languages() -> None:
    """A script's few words stand in the script: ``WORDS = {zh: {…}, en: {…}}``."""
    found = 0
    for script in sorted((ROOT / "static" / "js").glob("*.js")):
        source = script.read_text("utf-8")
        tables = {
            language: set(re.findall(r"^ {6}(\w+):", table, re.MULTILINE))
            for language, table in re.findall(
                r"^ {4}(zh|en): \{\n(.*?)^ {4}\},", source, re.MULTILINE | re.DOTALL
            )
        }
        if tables:
            found += 1
            assert tables["zh"] == tables["en"], script.name
        else:
            assert not re.search("[\u4e00-\u9fff]", source), f"{script.name}: Chinese outside WORDS"
    assert found
