"""Site settings: every X of the regulation, with a default, changed in the browser by whom policy allows.

A slice declares a setting where it is used and calls it for the value in force. Values are read from a
snapshot in memory that each process renews when told of a change; a change is audited.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from portal.core import audit, clock, db
from portal.core.context import current_act
from portal.core.i18n import LazyText, _
from portal.core.jobs import enqueue
from portal.core.notify import notify

CHANNEL = "site_settings"

T = TypeVar("T", int, str, bool)


class BadValue(Exception):
    """The value does not fit the setting; ``args[0]`` is the error code."""


@dataclass(frozen=True, slots=True)
class SiteSetting(Generic[T]):
    """Calling it gives the value in force. ``then`` names the job that a change of it asks for.

    ``input`` is the kind of HTML input that suits a text. What has a text by default is never empty.
    """

    name: str
    default: T
    label: LazyText
    help: LazyText | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: Mapping[str, LazyText] = field(default_factory=dict)
    check: Callable[[str], bool] | None = None
    then: str = ""
    input: str = "text"
    longest: int = 300

    def __call__(self) -> T:
        value = _in_force.get(self.name, self.default)
        if type(value) is not type(self.default):  # a switch is no number, though Python says so
            return self.default
        return value

    def shown(self, value: T) -> str:
        """The value in words: of a choice or a switch; anything else as it is."""
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return str(self.choices.get(str(value), value))

    def parse(self, text: str) -> T:
        """The value that this text means; ``BadValue`` with a code otherwise."""
        if isinstance(self.default, bool):
            return text in ("1", "yes", "on", "true")
        if isinstance(self.default, int):
            return self._number(text)
        return self._text(text.strip())

    def _text(self, text: str) -> str:
        if self.choices and text not in self.choices:
            raise BadValue("not-a-choice")
        if self.default and not text:
            raise BadValue("required")
        if len(text) > self.longest:
            raise BadValue("too-long")
        if self.check and not self.check(text):
            raise BadValue("bad-format")
        return text

    def _number(self, text: str) -> int:
        try:
            number = int(text.strip())
        except ValueError:
            raise BadValue("not-a-number") from None
        if self.minimum is not None and number < self.minimum:
            raise BadValue("too-small")
        if self.maximum is not None and number > self.maximum:
            raise BadValue("too-large")
        return number


_declared: dict[str, SiteSetting[Any]] = {}
_in_force: dict[str, Any] = {}
_version = 0


def declare(setting: SiteSetting[T]) -> SiteSetting[T]:
    """Make a setting known to the settings page. Names are ``<slice>.<setting>``."""
    if setting.name in _declared:
        raise ValueError(f"the site setting {setting.name} is declared twice")
    _declared[setting.name] = setting
    return setting


def declared() -> Mapping[str, SiteSetting[Any]]:
    return _declared


def version() -> int:
    """Grows with each renewal: whoever keeps something made from settings compares it."""
    return _version


async def load(_payload: str = "") -> None:
    """Renew the snapshot; called at start and whenever a change is notified."""
    global _version  # noqa: PLW0603  one snapshot per process
    rows = await db.fetch("SELECT name, value FROM site_setting")
    fresh = {row["name"]: json.loads(row["value"]) for row in rows}
    if fresh != _in_force:
        _in_force.clear()
        _in_force.update(fresh)
        _version += 1


async def change(name: str, text: str) -> None:
    """Set it for all processes; ``BadValue`` when the text does not fit, KeyError for an unknown name."""
    setting = _declared[name]
    value = setting.parse(text)
    async with db.transaction() as opened:
        await db.execute(
            "INSERT INTO site_setting (name, value, changed_by, changed_at) VALUES ($1, $2::jsonb, $3, $4) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_by = excluded.changed_by, "
            "changed_at = excluded.changed_at",
            name,
            json.dumps(value),
            current_act().subject,
            clock.now(),
        )
        audit.record("settings:edit", "setting", name, before=setting(), after=value)
        await notify(CHANNEL)
        if setting.then:
            await enqueue(setting.then)
        opened.after_commit.append(load)
