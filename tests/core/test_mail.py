"""E-mail really leaves by SMTP, once, and never gives a password away."""

import asyncio
import base64
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest

from portal.core import db, jobs, mail, settings


@dataclass
class PostOffice:
    """A server that speaks SMTP, as far as a client of ours goes."""

    port: int = 0
    refusing: bool = False
    taken: list[EmailMessage] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 post.example.org ESMTP")
        while line := (await reader.readline()).decode().strip():
            match line.split(" ")[0].upper():
                case "EHLO":
                    say("250-post.example.org")
                    say("250 AUTH PLAIN")
                case "AUTH":
                    self.signed_in.append(base64.b64decode(line.split(" ")[2]).decode())
                    say("235 welcome")
                case "RCPT" if self.refusing:
                    say("451 later")
                case "DATA":
                    say("354 go on")
                    body = await reader.readuntil(b"\r\n.\r\n")
                    policy = email.policy.default
                    plain = body[:-5].replace(b"\r\n..", b"\r\n.")
                    self.taken.append(email.message_from_bytes(plain, policy=policy))
                    say("250 taken")
                case "QUIT":
                    say("221 bye")
                    break
                case _:
                    say("250 fine")
        writer.close()


@asynccontextmanager
async def a_post_office(
    monkeypatch: pytest.MonkeyPatch, who: str = ""
) -> AsyncIterator[PostOffice]:
    office = PostOffice()
    async with await asyncio.start_server(office.serve, "127.0.0.1", 0) as server:
        office.port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("PORTAL_SMTP_URL", f"smtp://{who}127.0.0.1:{office.port}")
        settings.settings.cache_clear()
        yield office


async def sent(key: str = "k") -> None:
    async with db.transaction():
        await mail.send("auditor@example.org", "Heads 链首", "a line\n.\n山门\n", key=key)
    await jobs.run_due()


async def test_a_message_leaves_after_the_commit_and_once(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_post_office(monkeypatch, "portal:p%40ss@") as office:
        await sent()
        await sent()
    (message,) = office.taken
    assert (message["To"], message["Subject"]) == ("auditor@example.org", "Heads 链首")
    assert message["From"] == "portal@127.0.0.1"
    assert message.get_content().splitlines() == ["a line", ".", "山门"]
    assert office.signed_in == ["\0portal\0p@ss"]


async def test_what_is_undone_is_not_sent(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_post_office(monkeypatch) as office:
        with pytest.raises(ValueError, match="undone"):
            async with db.transaction():
                await mail.send("auditor@example.org", "x", "y", key="k")
                raise ValueError("undone")
        await jobs.run_due()
    assert office.taken == []


async def test_a_server_that_refuses_is_asked_again(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_post_office(monkeypatch) as office:
        office.refusing = True
        await sent()
        assert office.taken == []
        assert "451" in await db.fetchval("SELECT last_error FROM job WHERE name = 'mail.send'")
        office.refusing = False
        await db.execute("UPDATE job SET run_at = run_at - interval '1 hour'")
        await jobs.run_due()
    assert len(office.taken) == 1


async def test_a_password_is_not_sent_in_the_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_post_office(monkeypatch, "portal:secret@") as office:
        monkeypatch.setattr(mail, "NEAR", ())
        with pytest.raises(mail.Unsafe):
            await mail.deliver({"to": "a@example.org", "subject": "s", "text": "t", "key": "k"})
    assert office.signed_in == []


async def test_without_a_server_it_says_so() -> None:
    assert not mail.is_set_up()
    with pytest.raises(mail.NotSetUp):
        await mail.deliver({"to": "a@example.org", "subject": "s", "text": "t", "key": "k"})


@pytest.mark.parametrize("url", ["mail.example.org", "http://x", "smtp://", "smtp://x:notaport"])
def test_an_address_of_no_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(settings.SettingsError, match="PORTAL_SMTP_URL") as refused:
        settings.load({"PORTAL_SMTP_URL": url.replace("://", "://me:secret@")})
    assert "secret" not in str(refused.value)
