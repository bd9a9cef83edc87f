"""The application of a worker: wired together, started, stopped; refused when a route is open to everybody."""

import asyncio

import pytest
from asgi_lifespan import LifespanManager
from httpx import ASGITransport
from litestar import Litestar, get

from portal.app import create, lifespan, litestar
from portal.core import db, site_settings
from portal.core.settings import settings
from portal.features.booking.process import booker
from portal.features.catalogue.snapshot import catalogue
from portal.web.permission import (
    Needs,
    UnguardedRoute,
    require_permissions,
    routes_without_permission,
)
from portal.web.slices import Slice
from rbac.permissions import Permission
from tests.browser import Browser
from tests.factories.booking import a_number, an_order
from tests.factories.catalogue import a_slot
from tests.waiting import until


@get("/open", name="test.open")
async def open_to_everybody() -> str:
    return "open"


@get("/guarded", guards=[Needs(Permission.HEALTH_READ)], name="test.guarded")
async def guarded() -> str:
    return "guarded"


@pytest.mark.charter("PO-1")
def test_a_route_that_names_no_permission_keeps_the_application_from_starting() -> None:
    app = Litestar([open_to_everybody, guarded], openapi_config=None)
    assert routes_without_permission(app) == ["/open open_to_everybody"]
    with pytest.raises(UnguardedRoute, match="/open open_to_everybody"):
        require_permissions(app)
    require_permissions(Litestar([guarded], openapi_config=None))


@pytest.mark.charter("PO-1")
def test_no_route_of_ours_is_without(monkeypatch: pytest.MonkeyPatch) -> None:
    assert routes_without_permission(litestar()) == []
    monkeypatch.setattr("portal.app.system_pages.ROUTES", (open_to_everybody,))
    with pytest.raises(UnguardedRoute):
        litestar()


def test_there_is_no_listing_of_the_routes() -> None:
    paths = {route.path for route in litestar().routes}
    assert not any(path.startswith("/schema") for path in paths)


@pytest.mark.commits
async def test_a_worker_serves_hears_and_stops(database: None) -> None:
    """The whole life of a worker against a filled database."""
    slot = await a_slot()
    order = await an_order(slot)
    await booker().stop()
    await db.close_pool()
    app = create()
    async with LifespanManager(app, startup_timeout=60, shutdown_timeout=60):
        transport = ASGITransport(app, client=("192.0.2.7", 1))
        visitor = Browser(transport=transport, base_url=settings().base_url)
        assert (await visitor.get("/readyz")).status_code == 200
        assert catalogue().product(slot.product) is not None
        assert (await visitor.get(order.url)).status_code == 200

        # a booking through the page is acknowledged when it is committed
        answer = await visitor.post_form(
            f"/book/{slot.id}",
            {
                "visitors-0-name": "游客",
                "visitors-0-id_number": a_number(2),
                "contact_phone": "13900139000",
                "consent": "yes",
            },
        )
        assert answer.status_code == 303
        assert (await visitor.get(answer.headers["location"])).status_code == 200

        # what changes elsewhere is heard
        other = await db.engine().get_new_connection()
        await other.execute(
            "INSERT INTO site_setting (name, value, changed_by) VALUES ('site.name_zh', '\"远山\"', 'x')"
        )
        await other.execute("SELECT pg_notify($1, '')", site_settings.CHANNEL)
        await until(lambda: site_settings._in_force.get("site.name_zh") == "远山")
        assert "远山" in (await visitor.get("/login")).text
        await other.close()
        await visitor.aclose()
    assert db.engine().pool is None
    leftover = {task.get_name() for task in asyncio.all_tasks()}
    assert not leftover & {
        "availability",
        "booker",
        "attempts",
        "jobs.runner",
        "notices.connection",
        "parent",
    }


@pytest.mark.commits
async def test_a_start_that_fails_gives_everything_back(
    database: None, application: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    await booker().stop()
    await db.close_pool()

    async def fails() -> None:
        raise ZeroDivisionError

    stopped: list[str] = []

    async def stops() -> None:
        stopped.append("first")

    pieces = (Slice("first", start=stops, stop=stops), Slice("second", start=fails, stop=fails))
    monkeypatch.setattr("portal.app.SLICES", pieces)
    with pytest.raises(ZeroDivisionError):
        async with lifespan(application):
            pass
    assert stopped == ["first", "first"], "what was started is stopped, and nothing else"
    assert db.engine().pool is None
