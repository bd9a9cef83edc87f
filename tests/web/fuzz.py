"""Hostile requests: the real forms of every page with some fields spoilt, and plain rubbish; the same for a seed."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from litestar import Litestar

from tests.browser import Browser, forms

#: What people, careless scripts and attackers type.
TEXTS: Final = (
    "",
    " ",
    "0",
    "-1",
    "9" * 30,
    "1e309",
    "NaN",
    "1.5",
    "true",
    "None",
    "x" * 10_000,
    "山" * 3_000,
    "😀👨‍👩‍👧‍👦",
    "\u202eevil\u202c",
    "\u200b\u200d\ufeff",
    "\x00",
    "\x02csrf\x02",
    "a\r\nSet-Cookie: x=1",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "=1+1",
    "' OR '1'='1",
    "'; DROP TABLE ticket; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "${7*7}",
    "%s%n%d",
    "../../../../etc/passwd",
    "http://192.0.2.9/",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "2026-11-24T25:61",
    "110101199001011234",
    "11010119900230123X",
    "+86 138 0013 8000",
    "２０２６",
    "٣",
    "½",
    str(2**31),
    str(2**63),
    str(-(2**63) - 1),
    "1,2",
    "00000000-0000-0000-0000-000000000000",
)

HEADERS: Final[Sequence[Mapping[str, str]]] = (
    {},
    {"HX-Request": "true"},
    {"HX-Request": "true", "HX-Target": "<x>"},
    {"Accept-Language": "xx-YY;q=9,,;,zh;q=" + "9" * 50},
    {"Accept-Encoding": "gzip;q=0, br;q=x"},
    {"Accept": "application/json"},
    {"Content-Type": "application/json"},
    {"Content-Type": "multipart/form-data"},
    {"Content-Type": "text/plain; charset=utf-7"},
    {"Cookie": "csrf=;;;=; =x; prefs=" + "%" * 99},
    {"If-None-Match": 'W/"', "If-Modified-Since": "yesterday"},
    {"Range": "bytes=9-1"},
    {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "evil.example"},
    {"Referer": "\x7f"},
)

#: Requests a browser would never send for our own page: nothing may come of them.
FORGERIES: Final[Sequence[Mapping[str, str]]] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
)


@dataclass(slots=True)
class Shot:
    """One request; ``forged`` when it must be refused whatever else it says."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    forged: bool = False


class Fuzz:
    """Makes requests for the routes of an application.

    ``known`` are path values that exist; ``keys`` the secret of those that ask for one, as a query.
    """

    def __init__(
        self,
        app: Litestar,
        known: Mapping[str, Sequence[object]],
        keys: Mapping[str, str],
        seed: int,
    ) -> None:
        self.chosen = random.Random(seed)  # noqa: S311  repeatable
        self._known = known
        self._keys = keys
        self._routes = [
            (route.path, method)
            for route in app.routes
            for method in sorted(getattr(route, "methods", ()))
            if method != "OPTIONS"
        ]

    async def shot(self, browser: Browser) -> Shot:
        """The next request; a form that it spoils is fetched with this browser first."""
        path, method = self.chosen.choice(self._routes)
        address = self._filled(path)
        if method != "POST":
            query = "" if "?" in address else self._query()
            return Shot(self._verb(), address + query, headers=self._headers())
        if self.chosen.random() < 0.4:
            return self._rubbish(address)
        return await self._spoilt(browser, address)

    def text(self) -> str:
        return self.chosen.choice(TEXTS)

    def _verb(self) -> str:
        return self.chosen.choices(("GET", "HEAD", "PUT", "DELETE", "OPTIONS"), (90, 4, 2, 2, 2))[0]

    def _filled(self, path: str) -> str:
        filled = re.sub(r"\{(\w+):(\w+)\}", self._segment, path)
        key = next((key for value, key in self._keys.items() if value in filled), "")
        return f"{filled}?{key}" if key and self.chosen.random() < 0.8 else filled

    def _segment(self, match: re.Match[str]) -> str:
        known = self._known.get(match[1], ())
        if known and self.chosen.random() < 0.75:
            return str(self.chosen.choice(known))
        if match[2] == "int" and self.chosen.random() < 0.7:
            return str(self.chosen.choice((0, -1, 7, 10**9, 2**31, 2**63, 10**40)))
        return quote(self.text()[:400] or "x", safe="")

    def _query(self) -> str:
        names = ("date", "code", "page", "q", "lang", "quarter", "slot", "next", "before", "token")
        picked = [(self.chosen.choice(names), self.text()) for _ in range(self.chosen.randrange(3))]
        if not picked:
            return ""
        return "?" + (
            "&".join(f"{name}={quote(text[:2000], safe='')}" for name, text in picked)
            if self.chosen.random() < 0.9
            else "%ff%fe=%&&==;%u0000"
        )

    def _headers(self) -> dict[str, str]:
        return dict(self.chosen.choice(HEADERS)) if self.chosen.random() < 0.4 else {}

    def _rubbish(self, address: str) -> Shot:
        bodies = (
            b"",
            b"\xff\xfe\x00%%%=&&&;",
            b"{" * 2_000,
            b'{"a":' * 500,
            b"&".join(b"visitors-%d-name=x" % number for number in range(1_500)),
            b"=" * 30_000,
            urlencode([(self.text()[:50], self.text()) for _ in range(9)]).encode(),
        )
        kind = "application/x-www-form-urlencoded"
        return Shot(
            "POST",
            address,
            self.chosen.choice(bodies),
            {"Content-Type": kind, **self._headers()},
        )

    async def _spoilt(self, browser: Browser, address: str) -> Shot:
        """A form as its page gives it, with up to three fields replaced, dropped or repeated."""
        page = await browser.get(self._page_of(address))
        path = address.partition("?")[0]
        own = [form for form in forms(page.text) if form.action.partition("?")[0] in ("", path)]
        fields: list[tuple[str, str]] = list((own[0].fields if own else {}).items())
        for _ in range(self.chosen.randrange(4)):
            if not fields:
                break
            place = self.chosen.randrange(len(fields))
            name = fields[place][0]
            match self.chosen.randrange(10):
                case 0:
                    del fields[place]
                case 1:
                    fields.append((name, self.text()))
                case _ if name != "_csrf_token" or self.chosen.random() < 0.1:
                    fields[place] = (name, self.text())
                case _:
                    pass
        shot = Shot("POST", address, urlencode(fields).encode(), self._headers())
        shot.headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if self.chosen.random() < 0.1:
            shot.headers |= self.chosen.choice(FORGERIES)
            shot.forged = True
        return shot

    def _page_of(self, address: str) -> str:
        """Where the form of this action stands: the address itself, or the page above it."""
        path, mark, key = address.partition("?")
        above = (path.rpartition("/")[0] or "/") + mark + key
        pages = (address, above, "/desk", "/account")
        return self.chosen.choices(pages, (6, 3, 1, 1))[0]


async def fire(browser: Browser, shot: Shot) -> Any:
    headers = {name: value.encode("utf-8", "replace") for name, value in shot.headers.items()}
    return await browser.request(shot.method, shot.path, content=shot.body, headers=headers)
