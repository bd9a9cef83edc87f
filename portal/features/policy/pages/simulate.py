"""Try one case: may this person do this, on this record, now or then, by this or that policy (PO-3)."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest

from portal.features.policy import asking, simulator
from portal.features.policy.asking import Asked, look_up
from portal.features.policy.chosen import chosen
from portal.web.forms import read
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.areas import AREAS, by_resource, resource_words
from rbac.permissions import Permission

SIMULATE: Final = Needs(Permission.POLICY_SIMULATE)
NEEDED: Final = ("who", "what")


@get("/policy/simulate", guards=[SIMULATE], name="policy.simulate")
async def show_simulator(request: HTMXRequest) -> Response[bytes]:
    """The question that the address holds, with its answer."""
    return await _page(request, await look_up(request.query_params))


@post("/policy/simulate", guards=[SIMULATE], name="policy.simulate_ask", status_code=200)
async def ask(request: HTMXRequest) -> Response[Any]:
    """Look up what was typed; its answer has an address of its own, in which no typed name stands."""
    asked = await look_up(await read(request), needed=NEEDED)
    if asked.form.errors:
        return await _page(request, asked)
    return go(request, f"/policy/simulate?{asked.question.query}")


@get("/policy/simulate/permissions", guards=[SIMULATE], name="policy.permissions")
async def show_permissions(request: HTMXRequest) -> Response[bytes]:
    """Every permission by area, to be picked; ``to`` is the page that asks."""
    asked = await look_up(request.query_params)
    lang = simulator.spoken()
    return page(
        request,
        "policy/permissions.html",
        to="who" if request.query_params.get("to") == "who" else "simulate",
        areas=[
            (
                area.words.say(lang),
                [
                    (
                        resource_words(resource, lang),
                        [
                            (each.describe(lang), each, asked.question.about(what=str(each), on=""))
                            for each in permissions
                        ],
                    )
                    for resource, permissions in by_resource(area.name).items()
                ],
            )
            for area in AREAS
        ],
    )


async def _page(request: HTMXRequest, asked: Asked) -> Response[bytes]:
    question, answer, before = asked.question, None, None
    if asked.chosen and question.who and asked.permission and not asked.form.errors:
        case = (question.who, str(asked.permission), asked.facts, question.moment)
        answer = await simulator.answer(asked.chosen, *case)
        in_force = await chosen("") if question.policy else None
        if in_force:
            before = simulator.allowed(in_force, *case)
    return page(
        request,
        "policy/simulate.html",
        answer=answer,
        before=before,
        by=asked.chosen,
        moment=question.moment,
        **await asking.fields(asked),
    )


ROUTES: Final = (show_simulator, ask, show_permissions)
