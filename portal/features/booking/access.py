"""Who may open an order without an account: whoever holds its link, or knows its code and phone number."""

from typing import Any, Final

from litestar.exceptions import NotFoundException

from portal.core import order_code
from portal.features.booking import queries
from portal.features.booking.queries import OrderView
from portal.web.actor import actor_of
from portal.web.permission import may
from portal.web.ratelimit import Buckets
from rbac.permissions import Permission

#: Guessing codes: ten tries from one address at once, then one every ten seconds.
FINDING: Final = Buckets(burst=10, per_second=0.1)


async def order_of_link(request: Any, code: str) -> OrderView:
    """The order of this link; one that is wrong in any way is not found, so that nothing can be learnt by trying."""
    tidy = order_code.tidy(code)
    key = request.query_params.get("key", "")
    staff = actor_of(request).signed_in and may(actor_of(request), Permission.ORDER_LIST)
    if not staff and not queries.link_is_good(tidy, key):
        raise NotFoundException
    found = await queries.order(tidy)
    if found is None:
        raise NotFoundException
    return found
