"""The test provider: a bank of play money that behaves like a real one, behind the same interface.

It signs its notices, repeats them when asked to, refuses refunds that are too large, and keeps its own
books in PostgreSQL, so that every path of real money can be walked without any.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from portal.core import clock, db
from portal.core.keyring import keyring
from portal.features.payments.providers import NOTICE_AGE, BadNotice, Charge, Notice

SIGNATURE: Final = "x-test-signature"
TIMESTAMP: Final = "x-test-timestamp"


def signature(timestamp: str, body: bytes) -> str:
    return hmac.new(
        keyring().token, b"test-bank:" + timestamp.encode() + b":" + body, hashlib.sha256
    ).hexdigest()


@dataclass(frozen=True, slots=True)
class SignedNotice:
    """A notice as it goes over the wire."""

    headers: Mapping[str, str]
    body: bytes


def make_notice(payment: UUID, amount_fen: int, *, paid: bool, notice_id: str = "") -> SignedNotice:
    """What the bank sends when the visitor has paid or given up."""
    body = json.dumps(
        {
            "id": notice_id or secrets.token_hex(8),
            "payment": str(payment),
            "reference": f"TB{payment.hex[:20]}",
            "amount": amount_fen,
            "paid": paid,
        }
    ).encode()
    timestamp = str(int(clock.now().timestamp()))
    return SignedNotice({TIMESTAMP: timestamp, SIGNATURE: signature(timestamp, body)}, body)


class TestBank:
    """Implements ``providers.Provider``."""

    name = "test"

    async def create(self, charge: Charge) -> str:
        return f"/pay/test/{charge.payment}?{urlencode({'back': charge.return_url})}"

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        timestamp = headers.get(TIMESTAMP, "")
        given = headers.get(SIGNATURE, "").encode()
        if not hmac.compare_digest(given, signature(timestamp, body).encode()):
            raise BadNotice("signature")
        if not (timestamp.isascii() and timestamp.isdigit()) or _age(int(timestamp)) > NOTICE_AGE:
            raise BadNotice("age")
        try:
            told = json.loads(body)
            return Notice(
                str(told["id"]),
                UUID(told["payment"]),
                str(told["reference"]),
                int(told["amount"]),
                bool(told["paid"]),
            )
        except (ValueError, KeyError, TypeError):
            raise BadNotice("unreadable") from None

    async def query(self, payment: UUID) -> Notice | None:  # noqa: ARG002  the interface's
        return None  # its notices arrive in the same moment: there is never more to know

    async def refund(self, refund: UUID, payment: UUID, amount_fen: int) -> bool:  # noqa: ARG002  the interface's
        paid = await db.fetchval(
            "SELECT amount_fen FROM payment WHERE id = $1 AND state = 'paid'", payment
        )
        return paid is not None and amount_fen <= int(paid)


def _age(timestamp: int) -> timedelta:
    return timedelta(seconds=abs(clock.now().timestamp() - timestamp))
