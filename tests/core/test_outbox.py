"""Events between slices: after the commit, to each subscriber apart, each happening once."""

from typing import ClassVar

import msgspec
import pytest

from portal.core import db, jobs, outbox


class Trouble(Exception):
    pass


class Freed(msgspec.Struct, frozen=True):
    topic: ClassVar[str] = "test.freed"
    slot: int
    places: int

    @property
    def key(self) -> str:
        return f"{self.slot}:{self.places}"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Freed]]:
    """Two subscribers; the second fails the first time."""
    monkeypatch.setattr(jobs, "_handlers", {})
    monkeypatch.setattr(outbox, "_subscribers", outbox.defaultdict(list))
    heard: list[tuple[str, Freed]] = []

    @outbox.subscribe(Freed, "test.waitlist")
    async def first(event: Freed) -> None:
        heard.append(("waitlist", event))

    @outbox.subscribe(Freed, "test.report")
    async def second(event: Freed) -> None:
        heard.append(("report", event))
        if len(heard) == 2:
            raise Trouble

    return heard


async def test_every_subscriber_hears_the_event_as_its_own_type(
    heard: list[tuple[str, Freed]], database: None
) -> None:
    async with db.transaction():
        await outbox.publish(Freed(3, 2))
        assert heard == []
    await jobs.run_due()
    assert heard == [("waitlist", Freed(3, 2)), ("report", Freed(3, 2))]


async def test_a_subscriber_that_fails_is_called_again_alone(
    heard: list[tuple[str, Freed]], database: None
) -> None:
    await outbox.publish(Freed(3, 2))
    await jobs.run_due()
    await db.execute("UPDATE job SET run_at = now() - interval '1 hour'")
    await jobs.run_due()
    assert [name for name, _event in heard] == ["waitlist", "report", "report"]


async def test_a_repeat_adds_nothing_and_an_undone_act_tells_nobody(
    heard: list[tuple[str, Freed]], database: None
) -> None:
    with pytest.raises(Trouble):
        async with db.transaction():
            await outbox.publish(Freed(9, 9))
            raise Trouble
    await outbox.publish(Freed(3, 2))
    await outbox.publish(Freed(3, 2))
    await outbox.publish(Freed(3, 1))
    await jobs.run_due()
    assert sorted(event.places for name, event in heard if name == "waitlist") == [1, 2]
