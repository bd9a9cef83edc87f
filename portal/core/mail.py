"""E-mail to staff: a job of the act's transaction hands it to the server of ``PORTAL_SMTP_URL`` after the commit.

``smtp://`` goes on under TLS where the server offers it, and gives a password to no other machine without;
``smtps://`` is under TLS from the start. A failure is tried again by the job queue. The Message-ID comes from
the key, so that a message sent twice, because the first answer was lost, is seen as one.
"""

import asyncio
import hashlib
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from portal.core.jobs import enqueue, job
from portal.core.settings import settings

JOB: Final = "mail.send"
TIMEOUT: Final = 20.0  # seconds
PORTS: Final = {"smtp": 25, "smtps": 465}
NEAR: Final = ("localhost", "127.0.0.1", "::1")


class NotSetUp(Exception):
    """No ``PORTAL_SMTP_URL``."""


class Unsafe(Exception):
    """The server offers no TLS, and a password would cross the network in the open."""


def is_set_up() -> bool:
    return settings().smtp_url is not None


async def send(to: str, subject: str, text: str, *, key: str) -> bool:
    """Leave a message in the open transaction; False when this key was used before."""
    return await enqueue(JOB, {"to": to, "subject": subject, "text": text, "key": key}, key=key)


@job(JOB)
async def deliver(payload: Mapping[str, Any]) -> None:
    """Hand one message to the server."""
    url = settings().smtp_url
    if url is None:
        raise NotSetUp("PORTAL_SMTP_URL is not set")
    await asyncio.to_thread(_deliver, url, _message(payload))


def _message(payload: Mapping[str, Any]) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = settings().mail_from, payload["to"]
    made["Subject"] = payload["subject"]
    name = hashlib.sha256(payload["key"].encode()).hexdigest()[:32]
    made["Message-ID"] = f"<{name}@{settings().mail_from.partition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(payload["text"], cte="quoted-printable")
    return made


def _deliver(url: str, message: EmailMessage) -> None:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    with server:
        if parts.scheme == "smtp":
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif parts.username and host not in NEAR:
                raise Unsafe(f"{host} offers no TLS: no password is sent to it")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
