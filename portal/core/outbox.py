"""Typed events from a lower slice to higher ones, through jobs of the same transaction.

A lower slice publishes what happened; a higher slice subscribes. One job per subscriber: a subscriber
that fails is retried alone, and none is called before the commit.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from portal.core.jobs import enqueue, job


class Event(Protocol):
    """A frozen msgspec struct with the name of its topic and a key that is unique per happening."""

    topic: ClassVar[str]

    @property
    def key(self) -> str: ...


E = TypeVar("E", bound=Event)

_subscribers: dict[str, list[str]] = defaultdict(list)


def subscribe(event: type[E], name: str) -> Callable[[Callable[[E], Awaitable[None]]], None]:
    """Register ``name`` (as in ``booking.tell_waitlist``) for an event; it may be called more than once."""

    def register(handler: Callable[[E], Awaitable[None]]) -> None:
        async def run(payload: Mapping[str, Any]) -> None:
            await handler(msgspec.convert(payload, event))

        _subscribers[event.topic].append(name)
        job(name)(run)

    return register


async def publish(event: Event) -> None:
    """Leave the event for every subscriber, in the open transaction; a repeat adds nothing."""
    for name in _subscribers[event.topic]:
        await enqueue(name, msgspec.to_builtins(event), key=event.key)
