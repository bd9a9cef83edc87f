"""Settings in the browser: within their limits, on the trail, in force in every process."""

from collections.abc import Iterator
from typing import Any

import pytest

from portal.core import db, site_settings
from portal.core.context import Act, set_act
from portal.core.i18n import _l
from portal.core.notify import Notices
from portal.core.site_settings import BadValue, SiteSetting, declare, declared
from tests.waiting import until


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(site_settings, "_declared", {})
    return


DAYS = SiteSetting("test.days", 7, _l("Days"), minimum=1, maximum=90)
WORD = SiteSetting("test.word", "calm", _l("Word"), check=str.isalpha)
LEVEL = SiteSetting("test.level", "info", _l("Level"), choices=("info", "danger"))
SWITCH: SiteSetting[bool] = SiteSetting("test.switch", True, _l("Switch"))  # noqa: FBT003


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        (DAYS, " 14 ", 14),
        (DAYS, "1", 1),
        (DAYS, "90", 90),
        (WORD, "steep", "steep"),
        (LEVEL, "danger", "danger"),
        (SWITCH, "yes", True),
        (SWITCH, "on", True),
        (SWITCH, "", False),
        (SWITCH, "no", False),
    ],
)
def test_text_becomes_a_value(setting: SiteSetting[Any], text: str, value: object) -> None:
    assert setting.parse(text) == value


@pytest.mark.parametrize(
    ("setting", "text", "code"),
    [
        (DAYS, "0", "too-small"),
        (DAYS, "91", "too-large"),
        (DAYS, "", "not-a-number"),
        (DAYS, "7.5", "not-a-number"),
        (DAYS, "seven", "not-a-number"),
        (WORD, "two words", "bad-format"),
        (LEVEL, "loud", "not-a-choice"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_code(
    setting: SiteSetting[Any], text: str, code: str
) -> None:
    with pytest.raises(BadValue, match=f"^{code}$"):
        setting.parse(text)


def test_a_name_is_declared_once() -> None:
    assert declare(DAYS) is DAYS
    assert declared() == {"test.days": DAYS}
    with pytest.raises(ValueError, match="twice"):
        declare(DAYS)


async def test_a_change_is_in_force_at_once_and_on_the_trail(database: None) -> None:
    declare(DAYS)
    set_act(Act("sysadmin", 1))
    assert DAYS() == 7
    version = site_settings.version()
    await site_settings.change("test.days", "14")
    assert DAYS() == 14
    assert site_settings.version() == version + 1
    await site_settings.load()
    assert site_settings.version() == version + 1, "nothing changed since"
    row = await db.fetchrow("SELECT changed_by, value FROM site_setting")
    assert (row["changed_by"], row["value"]) == ("sysadmin", "14")
    entry = await db.fetchrow("SELECT subject, act, object_id, detail::text FROM audit_entry")
    assert tuple(entry) == (
        "sysadmin",
        "settings:edit",
        "test.days",
        '{"after": 14, "before": 7}',
    )


async def test_a_change_that_is_undone_is_not_in_force(database: None) -> None:
    declare(DAYS)
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await site_settings.change("test.days", "14")
            raise ZeroDivisionError
    assert DAYS() == 7


async def test_a_change_that_does_not_fit_leaves_no_trace(database: None) -> None:
    declare(DAYS)
    with pytest.raises(BadValue):
        await site_settings.change("test.days", "900")
    with pytest.raises(KeyError):
        await site_settings.change("test.unknown", "1")
    assert await db.fetchval("SELECT count(*) FROM audit_entry") == 0


@pytest.mark.parametrize("stored", ['"many"', "null", "true", "[7]", "7.5"])
async def test_a_stored_value_of_another_type_counts_as_none(stored: str, database: None) -> None:
    await db.execute(
        "INSERT INTO site_setting (name, value, changed_by) VALUES ('test.days', $1, 'x')", stored
    )
    await site_settings.load()
    assert DAYS() == 7


@pytest.mark.commits
async def test_other_processes_hear_of_a_change(database: None) -> None:
    declare(DAYS)
    notices = Notices()
    notices.on(site_settings.CHANNEL, site_settings.load)
    await notices.start()
    try:
        await db.execute(  # as another process does
            "INSERT INTO site_setting (name, value, changed_by) VALUES ('test.days', '21', 'x')"
        )
        await db.execute("SELECT pg_notify($1, '')", site_settings.CHANNEL)
        await until(lambda: DAYS() == 21)
    finally:
        await notices.stop()
