"""The interface of a payment provider, and those there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from portal.core.settings import settings

NOTICE_AGE: Final = timedelta(
    minutes=5
)  # providers' own libraries take days-old notices (measured)


class BadNotice(Exception):
    """A notice that must not be believed; ``args[0]`` says why: signature, age, amount, unknown."""


class ProviderAway(Exception):
    """The provider could not be asked; the same call may be repeated."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be paid. ``amount_fen`` in fen; ``expires_at`` is when the places are given up."""

    payment: UUID
    amount_fen: int
    subject: str
    expires_at: datetime
    return_url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A believed notice: signature and age are good."""

    notice_id: str
    payment: UUID
    provider_reference: str
    amount_fen: int
    paid: bool


class Provider(Protocol):
    """All calls may be repeated with the same ids and then change nothing."""

    name: str

    async def create(self, charge: Charge) -> str:
        """Where to send the visitor to pay."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """The content of a notice; raises ``BadNotice`` unless it is genuine and fresh."""
        ...

    async def query(self, payment: UUID) -> Notice | None:
        """What the provider knows of a payment, for when no notice came; None while it is not paid."""
        ...

    async def refund(self, refund: UUID, payment: UUID, amount_fen: int) -> bool:
        """Whether the money is on its way back; raises ``ProviderAway``."""
        ...


_providers: dict[str, Provider] = {}


def register(provider: Provider) -> None:
    _providers[provider.name] = provider


def provider(name: str) -> Provider:
    """The provider of this name. The test provider exists in development and demo only."""
    found = _providers.get(name)
    if found is None or (name == "test" and not (settings().development or settings().demo)):
        raise BadNotice("unknown")
    return found


def available() -> list[str]:
    """Names of those that may be offered now."""
    return [
        name for name in _providers if name != "test" or settings().development or settings().demo
    ]
