"""A payment provider for tests, behind the real interface: it can be away, refuse, stay silent, and keeps its books."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from portal.features.payments import providers, service
from portal.features.payments.providers import BadNotice, Charge, Notice, ProviderAway

NAME = "bank"


class Bank:
    name = NAME

    def __init__(self) -> None:
        self.away = False
        self.refuses = False
        self.paid: dict[UUID, int] = {}
        self.refunded: dict[UUID, int] = {}
        self.asked = 0

    async def create(self, charge: Charge) -> str:
        return f"https://bank.example/{charge.payment}"

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:  # noqa: ARG002  the interface's
        raise BadNotice("signature")

    async def query(self, payment: UUID) -> Notice | None:
        self._be_there()
        if payment not in self.paid:
            return None
        return Notice(f"query-{payment}", payment, f"B{payment.hex}", self.paid[payment], paid=True)

    async def refund(self, refund: UUID, payment: UUID, amount_fen: int) -> bool:  # noqa: ARG002
        self._be_there()
        if self.refuses:
            return False
        self.refunded[refund] = amount_fen
        return True

    def _be_there(self) -> None:
        self.asked += 1
        if self.away:
            raise ProviderAway

    async def pays(self, payment: UUID, amount_fen: int, *, notice_id: str = "") -> bool:
        """The visitor pays and the notice arrives."""
        self.paid[payment] = amount_fen
        told = Notice(notice_id or uuid4().hex, payment, f"B{payment.hex}", amount_fen, paid=True)
        return await service.book(NAME, told)


def open_bank() -> Bank:
    bank = Bank()
    providers.register(bank)
    return bank


def close_bank() -> None:
    providers._providers.pop(NAME, None)
