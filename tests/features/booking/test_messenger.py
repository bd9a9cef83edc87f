"""A message to a visitor is sent, or stands on the call list: never neither (BK-6, BK-11)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from portal.core import clock, db, jobs
from portal.core.settings import settings
from portal.features.booking import messenger
from portal.features.booking.messenger import MAX_ATTEMPTS, SEND_JOB, Message, deliver
from tests.features.booking.acts import run_jobs

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-6")]

PHONE = "13800138000"


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[bytes]]:
    """A gateway that takes everything; what it was sent."""
    taken: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        taken.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    use(monkeypatch, f"http://127.0.0.1:{port}/sms", "secret")
    async with server:
        yield taken


def use(monkeypatch: pytest.MonkeyPatch, url: str, token: str) -> None:
    monkeypatch.setenv("PORTAL_SMS_URL", url)
    monkeypatch.setenv("PORTAL_SMS_TOKEN", token)
    settings.cache_clear()


async def a_message() -> int:
    assert await messenger.send(
        Message("test:1", "reminder", clock.today(), "", PHONE, "zh", "明天见。")
    )
    return int(await db.fetchval("SELECT max(id) FROM visitor_message"))


async def state(message: int) -> str:
    return str(await db.fetchval("SELECT state FROM visitor_message WHERE id = $1", message))


async def test_what_the_gateway_takes_is_sent_once(gateway: list[bytes]) -> None:
    message = await a_message()
    await run_jobs()
    await deliver({"id": message})
    assert await state(message) == "sent"
    [sent] = gateway
    assert b"Bearer secret" in sent
    assert PHONE.encode() in sent


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("http://127.0.0.1:9/sms", "secret"),
        ("http://[not-an-address/sms", "secret"),
        ("http://127.0.0.1:9/sms", "密码"),
    ],
    ids=["nobody there", "no address", "no token"],
)
async def test_what_no_gateway_takes_goes_to_the_call_list(
    monkeypatch: pytest.MonkeyPatch, url: str, token: str
) -> None:
    use(monkeypatch, url, token)
    message = await a_message()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert await state(message) == "waiting"
        if attempt < MAX_ATTEMPTS:
            with pytest.raises(Exception, match=r"."):
                await deliver({"id": message})
        else:
            await deliver({"id": message})
    assert await state(message) == "by_phone"


@pytest.mark.parametrize("end", ["failed_at", "done_at"])
async def test_what_waits_for_a_job_that_is_no_more_goes_to_the_call_list(
    gateway: list[bytes], end: str
) -> None:
    message = await a_message()
    assert await messenger.hand_over_stranded() == 0, "its job is still to come"
    await db.execute(f"UPDATE job SET {end} = $2 WHERE name = $1", SEND_JOB, clock.now())
    assert await messenger.hand_over_stranded() == 1
    assert await messenger.hand_over_stranded() == 0
    assert await state(message) == "by_phone"
    await deliver({"id": message})
    assert gateway == []


async def test_what_was_sent_stays_sent_when_its_job_is_forgotten(gateway: list[bytes]) -> None:
    message = await a_message()
    await run_jobs()
    await db.execute("DELETE FROM job")
    assert await messenger.hand_over_stranded() == 0
    assert await state(message) == "sent"


async def test_some_process_looks_for_them() -> None:
    assert "booking.messages" in jobs._periodic
