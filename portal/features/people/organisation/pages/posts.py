"""Posts: their duties for everybody (PE-4), plan and actual headcount, and how HR edits them."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, db
from portal.core.i18n import language
from portal.features.people.organisation import forms, queries
from portal.features.people.organisation import posts as service
from portal.features.people.organisation.posts import Edit
from portal.features.people.organisation.queries import Member
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs, may
from portal.web.respond import go, page
from rbac.bilingual import Language
from rbac.lines import is_role
from rbac.permissions import Permission
from rbac.words import capital, subject_words

READ: Final = Needs(Permission.ORGANISATION_READ)
EDIT: Final = Needs(Permission.ORGANISATION_EDIT)


@get("/people/posts", guards=[READ], name="organisation.posts")
async def show_posts(request: HTMXRequest) -> Response[bytes]:
    """Every post with its duties; vacant ones stand out."""
    day = clock.asked_day(request.query_params.get("on")) or clock.today()
    holders: dict[int, list[Member]] = {}
    for member in await queries.members(day):
        if member.post is not None:
            holders.setdefault(member.post, []).append(member)
    return page(
        request,
        "people/organisation/posts.html",
        day=day,
        structure=await queries.structure(day),
        holders=holders,
        may_edit=may(actor_of(request), Permission.ORGANISATION_EDIT),
        done=request.query_params.get("done", ""),
    )


@get("/people/posts/new", guards=[EDIT], name="organisation.new_post")
async def new_post(request: HTMXRequest) -> Response[bytes]:
    unit = request.query_params.get("unit", "")[:10]
    form = forms.blank({"headcount": "1", "position": "0", "unit": unit, "role_groups": "*"})
    return await _post_form(request, form, None)


@post("/people/posts", guards=[EDIT], name="organisation.create_post", status_code=200)
async def create_post(request: HTMXRequest) -> Response[Any]:
    return await _save_post(request, None)


@get("/people/posts/{post_id:int}", guards=[EDIT], name="organisation.post")
async def edit_post(request: HTMXRequest, post_id: FromPath[int]) -> Response[bytes]:
    row = await _row(post_id)
    typed = {name: str(value) for name, value in dict(row).items() if name != "idempotency_key"}
    typed["role_groups"] = ", ".join(row["role_groups"])
    return await _post_form(request, forms.blank(typed), row)


@post(
    "/people/posts/{post_id:int}", guards=[EDIT], name="organisation.update_post", status_code=200
)
async def update_post(request: HTMXRequest, post_id: FromPath[int]) -> Response[Any]:
    return await _save_post(request, await _row(post_id))


async def _row(post_id: int) -> Any:
    row = await queries.post_row(post_id)
    if row is None:
        raise NotFoundException
    return row


def _roles() -> tuple[str, ...]:
    """The roles that the policy in force knows."""
    policy = queries.compiled().policy
    named = {rule.subject for rule in policy.rules} | {grant.role for grant in policy.grants}
    return tuple(sorted(name for name in named if is_role(name)))


async def _save_post(request: HTMXRequest, row: Any | None) -> Response[Any]:
    structure = await queries.structure(clock.today())
    form, values = forms.parse_post(
        await read(request), structure.unit_of, _roles(), new=row is None
    )
    key = form.key("name_zh") if row is None else None
    if values is None or form.errors:
        return await _post_form(request, form, row)
    seen = form.integer("revision", required=False)
    try:
        await service.save_post(Edit(values, row["id"] if row else None, seen, key))
    except service.CodeTaken:
        form.error("code", "code-taken")
    except service.Outdated:
        form.error("name_zh", "outdated")
        form.values["revision"] = str(row["revision"]) if row else ""
    else:
        return go(request, "/people/posts?done=saved")
    return await _post_form(request, form, row)


async def _post_form(request: HTMXRequest, form: Form, row: Any | None) -> Response[bytes]:
    lang: Language = "en" if language() == "en" else "zh"
    structure = await queries.structure(clock.today())
    return page(
        request,
        "people/organisation/post.html",
        form=form,
        row=row,
        role_options=[(name, capital(subject_words(name, lang))) for name in _roles()],
        units=[(unit.id, unit.name) for unit in structure.units],
    )


@get("/people/units/new", guards=[EDIT], name="organisation.new_unit")
async def new_unit(request: HTMXRequest) -> Response[bytes]:
    return page(
        request,
        "people/organisation/unit.html",
        form=forms.blank({"own": "yes", "position": "0"}),
        row=None,
    )


@post("/people/units", guards=[EDIT], name="organisation.create_unit", status_code=200)
async def create_unit(request: HTMXRequest) -> Response[Any]:
    return await _save_unit(request, None)


@get("/people/units/{unit_id:int}", guards=[EDIT], name="organisation.unit")
async def edit_unit(request: HTMXRequest, unit_id: FromPath[int]) -> Response[bytes]:
    row = await _unit(unit_id)
    typed = {name: str(value) for name, value in dict(row).items()}
    typed["own"] = "yes" if row["own"] else ""
    return page(request, "people/organisation/unit.html", form=forms.blank(typed), row=row)


@post(
    "/people/units/{unit_id:int}", guards=[EDIT], name="organisation.update_unit", status_code=200
)
async def update_unit(request: HTMXRequest, unit_id: FromPath[int]) -> Response[Any]:
    return await _save_unit(request, await _unit(unit_id))


async def _unit(unit_id: int) -> Any:
    row = await db.fetchrow("SELECT * FROM org_unit WHERE id = $1", unit_id)
    if row is None:
        raise NotFoundException
    return row


async def _save_unit(request: HTMXRequest, row: Any | None) -> Response[Any]:
    form, values = forms.parse_unit(await read(request), new=row is None)
    if values is not None:
        try:
            await service.save_unit(values, row["id"] if row else None)
        except service.CodeTaken:
            form.error("code", "code-taken")
        else:
            return go(request, "/people/posts?done=saved")
    return page(request, "people/organisation/unit.html", form=form, row=row)


ROUTES: Final = (
    show_posts,
    new_post,
    create_post,
    edit_post,
    update_post,
    new_unit,
    create_unit,
    edit_unit,
    update_unit,
)
