"""Who may open an order without an account: whoever holds its link, or knows its code and phone number."""

from dataclasses import replace
from typing import Any, Final

from litestar.exceptions import NotFoundException

from portal.core import order_code
from portal.features.booking import queries
from portal.features.booking.queries import OrderView
from portal.web.actor import Actor, actor_of
from portal.web.permission import Refused, allow, may
from portal.web.ratelimit import Buckets
from rbac.facts import NOBODY, Facts
from rbac.permissions import Permission

#: Guessing codes: ten tries from one address at once, then one every ten seconds.
FINDING: Final = Buckets(burst=10, per_second=0.1)


async def order_of_link(request: Any, code: str, permission: Permission) -> OrderView:
    """The order of this link; one that is wrong in any way is not found, so that nothing can be learnt by trying.

    To the policy whoever holds the link owns the order. Staff need no link for what the policy lets them do with
    any order; what else they try with one that they may see is refused, and on one they may not, it is not found.
    The view carries the link on only for whoever came with it: a page must not hand staff what makes them the owner.
    """
    actor = actor_of(request)
    tidy = order_code.tidy(code)
    holds_link = queries.link_is_good(tidy, request.query_params.get("key", ""))
    if not holds_link and not actor.signed_in:
        raise NotFoundException
    found = await queries.order(tidy)
    if found is None:
        raise NotFoundException
    found = replace(found, by_link=holds_link)
    facts = _facts(actor, found)
    try:
        await allow(actor, permission, facts, "order", tidy)
    except Refused:
        if may(actor, Permission.ORDER_READ, facts):
            raise
        raise NotFoundException from None
    return found


def may_do(request: Any, order: OrderView, permission: Permission) -> bool:
    """For the buttons of the order's page: whether this request's person would be let."""
    actor = actor_of(request)
    return may(actor, permission, _facts(actor, order))


def _facts(actor: Actor, order: OrderView) -> Facts:
    owner = actor.subject if order.by_link else NOBODY
    return Facts(owner=owner, attributes={"channel": order.channel})
