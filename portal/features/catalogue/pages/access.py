"""Which table a page is about, and who may change it."""

from litestar.exceptions import NotFoundException
from litestar.plugins.htmx import HTMXRequest

from portal.features.catalogue.fields import Resource
from portal.features.catalogue.resources import RESOURCES
from portal.web.actor import actor_of
from portal.web.permission import may, refuse


def resource_named(name: str) -> Resource:
    if name not in RESOURCES:
        raise NotFoundException
    return RESOURCES[name]


async def editable(request: HTMXRequest, name: str) -> Resource:
    """The resource, if this person may change it; a refusal is on the trail."""
    resource = resource_named(name)
    if not may(actor_of(request), resource.edit):
        await refuse(actor_of(request), resource.edit, "catalogue", name)
    return resource
