"""The requests of a measurement: what a browser sends, for people who exist only here."""

import random
from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

import httpx

from portal.core.resident_id import check_character

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国"

#: What a browser sends with each request of a page.
BROWSER = (
    "Host: 127.0.0.1:{port}\r\nUser-Agent: Mozilla/5.0 (bench)\r\nAccept: text/html\r\n"
    "Accept-Language: zh-CN,zh;q=0.9\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
)


class Session:
    """A visitor's cookie and token, from a real page."""

    def __init__(self, port: int, slot: int) -> None:
        page = httpx.get(f"http://127.0.0.1:{port}/book/{slot}")
        self.port = port
        self.cookie = f"csrf={page.cookies['csrf']}"
        self.token = page.text.split('name="_csrf_token" value="')[1].split('"')[0]


def get(port: int, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\n{BROWSER.format(port=port)}\r\n".encode()


def bookings(session: Session, slots: Sequence[int], count: int, seed: int) -> list[bytes]:
    """So many different visitors, each with a document, a phone and a key of their own; the same for a seed."""
    chosen = random.Random(seed)  # noqa: S311  the same people in each run
    return [_booking(session, chosen, slots[chosen.randrange(len(slots))]) for _ in range(count)]


def _booking(session: Session, chosen: random.Random, slot: int) -> bytes:
    body = urlencode(
        {
            "_csrf_token": session.token,
            "idempotency_key": str(UUID(int=chosen.getrandbits(128), version=4)),
            "visitors-0-name": chosen.choice(SURNAMES)
            + chosen.choice(GIVEN)
            + chosen.choice(GIVEN),
            "visitors-0-category": "adult",
            "visitors-0-id_type": "resident_id",
            "visitors-0-id_number": _resident(chosen),
            "visitors-0-country": "",
            "contact_phone": f"13{chosen.randrange(10**9):09d}",
            "consent": "yes",
        }
    ).encode()
    head = (
        f"POST /book/{slot} HTTP/1.1\r\n{BROWSER.format(port=session.port)}Cookie: {session.cookie}\r\n"
        f"Origin: http://127.0.0.1:{session.port}\r\nSec-Fetch-Site: same-origin\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _resident(chosen: random.Random) -> str:
    year, month, day = (
        chosen.randrange(1960, 2005),
        chosen.randrange(1, 13),
        chosen.randrange(1, 29),
    )
    digits = (
        f"{chosen.randrange(110000, 660000)}{year}{month:02d}{day:02d}{chosen.randrange(1000):03d}"
    )
    return digits + check_character(digits)
