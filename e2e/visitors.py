"""Visitors who are elsewhere: they book over HTTP at once, as the pages would, so that a test need not watch them."""

import re

import httpx

from e2e import people
from e2e.server import Portal

_ERROR = re.compile(r'class="error"[^>]*>([^<]+)')
_FIELD = re.compile(r'name="(_csrf_token|idempotency_key)" value="([^"]+)"')


class Refused(Exception):
    """Not booked, with the words of the page that say why."""


class Visitors:
    """As many people as a test needs, one browser for all: each order has a telephone of its own."""

    def __init__(self, portal: Portal) -> None:
        self.http = httpx.Client(base_url=portal.url, trust_env=False, timeout=30)

    def left(self, slot: int, day: str) -> int:
        """Places left in a slot, as the API tells; 0 when it is not on sale."""
        slots = self.http.get("/api/slots", params={"date": day}).json()
        return next((int(one["left"]) for one in slots if one["id"] == slot), 0)

    def slots(self, day: str, product: str) -> list[int]:
        """The slots of a product that still have places."""
        shown = self.http.get("/api/slots", params={"date": day}).json()
        return [one["id"] for one in shown if one["product"] == product and one["left"]]

    def book(self, slot: int, party: int = 1, phone: str = "") -> str:
        """An order for so many adults; returns its address."""
        phone = phone or people.phone()
        fields = {"contact_phone": phone, "consent": "yes"} | self._hidden(f"/book/{slot}")
        for row in range(party):
            who = people.somebody()
            fields |= {
                f"visitors-{row}-name": who.name,
                f"visitors-{row}-category": "adult",
                f"visitors-{row}-id_type": "resident_id",
                f"visitors-{row}-id_number": who.id_number,
            }
        return self._sent(f"/book/{slot}", fields)

    def sell_out(self, slot: int, day: str) -> str:
        """Take every place that is left; returns the address of the last order."""
        last, party = "", 5
        while party:
            party = min(party, self.left(slot, day))
            try:
                last = self.book(slot, party) if party else last
            except Refused:  # the list of places is a little behind the sale
                party -= 1
        return last

    def cancel(self, order: str) -> None:
        path, key = order.split("?")
        url = f"{path}/cancel?{key}"
        self._sent(url, self._hidden(url))

    def _sent(self, url: str, fields: dict[str, str]) -> str:
        answer = self.http.post(url, data=fields)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise Refused(f"{answer.status_code} {_ERROR.findall(answer.text)}")
        return answer.headers["location"]

    def _hidden(self, page: str) -> dict[str, str]:
        return dict(_FIELD.findall(self.http.get(page).text))
