"""Notices between processes: heard after the commit, never lost for good, never in each other's way."""

import asyncio
import socket
from typing import Any

import pytest

from portal.core import db, notify
from portal.core.notify import Notices
from tests.waiting import until

pytestmark = pytest.mark.commits


class Heard:
    def __init__(self, notices: Notices, channel: str = "test") -> None:
        self.payloads: list[str] = []
        notices.on(channel, self)

    async def __call__(self, payload: str) -> None:
        self.payloads.append(payload)


async def cut_off() -> None:
    """Terminate every backend but the one that asks."""
    killer = await db.engine().get_new_connection()
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    await killer.close()


async def test_listeners_are_called_at_the_start_and_for_each_notice(database: None) -> None:
    notices = Notices()
    heard, other = Heard(notices), Heard(notices, "other")
    await notices.start()
    try:
        await notify.notify("test", "1")
        await notify.notify("test", "2")
        await until(lambda: len(heard.payloads) == 3)
        assert heard.payloads == ["", "1", "2"]
        assert other.payloads == [""]
        assert notices.connected
    finally:
        await notices.stop()


async def test_a_notice_is_heard_when_its_act_commits_else_never(database: None) -> None:
    notices = Notices()
    heard = Heard(notices)
    await notices.start()
    try:
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                await notify.notify("test", "undone")
                raise ZeroDivisionError
        async with db.transaction():
            await notify.notify("test", "done")
            await asyncio.sleep(0.1)
            assert heard.payloads == [""]
        await until(lambda: len(heard.payloads) == 2)
        assert heard.payloads == ["", "done"]
    finally:
        await notices.stop()


async def test_after_a_lost_connection_listeners_are_called_again(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PULSE_SECONDS", 0.05)
    monkeypatch.setattr(notify, "RECONNECT_SECONDS", 0.05)
    lost: list[int] = []
    notices = Notices(on_lost=lambda: lost.append(1))
    heard = Heard(notices)
    await notices.start()
    try:
        await until(lambda: heard.payloads == [""])
        await cut_off()
        await until(lambda: heard.payloads == ["", ""])
        await notify.notify("test", "again")
        await until(lambda: heard.payloads == ["", "", "again"])
        assert lost == [], "it was back before the time of grace was over"
    finally:
        await notices.stop()


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        socket.gaierror(),
        FileNotFoundError(),
        OSError(113, "no route"),
        ZeroDivisionError(),
    ],
    ids=["refused", "no such host", "no socket", "no route", "a mistake of ours"],
)
async def test_who_cannot_hear_for_long_is_told_so(
    database: None, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(notify, "PULSE_SECONDS", 0.02)
    monkeypatch.setattr(notify, "RECONNECT_SECONDS", 0.02)
    monkeypatch.setattr(notify, "GRACE_SECONDS", 0.2)
    lost: list[int] = []
    notices = Notices(on_lost=lambda: lost.append(1))
    heard = Heard(notices)
    await notices.start()
    connect, away = db.engine().get_new_connection, True

    class Away:
        async def get_new_connection(self) -> Any:
            if away:
                raise error
            return await connect()

    monkeypatch.setattr(notify, "engine", Away)
    try:
        await cut_off()
        await until(lambda: bool(lost))
        assert not notices.connected
        away = False
        await until(lambda: notices.connected)
        await until(lambda: heard.payloads[-1] == "" and len(heard.payloads) == 2)
    finally:
        await notices.stop()


async def test_a_listener_that_fails_stops_no_other(database: None) -> None:
    notices = Notices()

    async def fails(_payload: str) -> None:
        raise ZeroDivisionError

    notices.on("test", fails)
    heard = Heard(notices)
    await notices.start()
    try:
        await notify.notify("test", "1")
        await until(lambda: heard.payloads == ["", "1"])
    finally:
        await notices.stop()
    await notices.stop()
