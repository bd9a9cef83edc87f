"""Who may open an order without an account: whoever holds its link, or knows its code and phone number."""

from typing import Any, Final

from litestar.exceptions import NotFoundException

from portal.core import order_code
from portal.features.booking import queries
from portal.features.booking.queries import OrderView
from portal.web.actor import actor_of
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
    """
    actor = actor_of(request)
    tidy = order_code.tidy(code)
    holds_link = queries.link_is_good(tidy, request.query_params.get("key", ""))
    if not holds_link and not actor.signed_in:
        raise NotFoundException
    found = await queries.order(tidy)
    if found is None:
        raise NotFoundException
    facts = Facts(
        owner=actor.subject if holds_link else NOBODY, attributes={"channel": found.channel}
    )
    try:
        await allow(actor, permission, facts, "order", tidy)
    except Refused:
        if may(actor, Permission.ORDER_READ, facts):
            raise
        raise NotFoundException from None
    return found
