"""The roles of a draft: what each includes, how many rules it has, who holds it (PO-2)."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core.i18n import _, _l
from portal.features.policy import drafts, words
from portal.features.policy.grid import role_sets, role_title
from portal.features.policy.source import Source, in_force, of_draft
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.lines import ROLE_PREFIX, Inclusion, is_role, written
from rbac.permissions import Permission
from rbac.reading import PolicyError
from rbac.roles import ROLES
from rbac.words import inclusion_sentence

READ: Final = Needs(Permission.POLICY_READ)
DRAFT: Final = Needs(Permission.POLICY_DRAFT)
MESSAGES: Final = {"bad-name": _l("A role's name has letters, digits and _ . - only.")}
LONGEST_NAME: Final = 64


@get("/policy/inclusions", guards=[READ], name="policy.inclusions")
async def show_in_force(request: HTMXRequest) -> Response[bytes]:
    return _roles_page(request, await in_force(), Form({}, MESSAGES))


@get("/policy/drafts/{draft_id:int}/inclusions", guards=[READ], name="policy.draft_inclusions")
async def show_of_draft(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    return _roles_page(request, await of_draft(draft_id, actor_of(request)), Form({}, MESSAGES))


@post(
    "/policy/drafts/{draft_id:int}/inclusions",
    guards=[DRAFT],
    name="policy.include",
    status_code=200,
)
async def include(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    """Let a role include another, or no longer; a new role begins by what it includes."""
    source = await of_draft(draft_id, actor_of(request))
    form = Form(await read(request), MESSAGES)
    removed = form.values.get("remove", "")
    line = removed or _typed(form)
    if form.errors:
        return _roles_page(request, source, form)
    try:
        await drafts.change(
            draft_id,
            remove=[line] if removed else [],
            add=[] if removed else [line],
            near=_last_inclusion(source),
        )
    except drafts.Conflict:
        pass  # it is gone already, as was wanted
    except drafts.DraftGone:
        return _roles_page(
            request, source, form, error=_("This draft can no longer be changed."), status=409
        )
    except PolicyError as refused:
        error = words.problem_said(refused.problems[0])
        return _roles_page(request, source, form, error=error, status=422)
    return go(request, f"{source.url}/inclusions?done=saved")


def _typed(form: Form) -> str:
    role = form.text("role", required=False, longest=LONGEST_NAME)
    named = form.text("new", required=not role, longest=LONGEST_NAME)
    included = form.text("included", longest=LONGEST_NAME + len(ROLE_PREFIX))
    if not role and named:
        role = named if is_role(named) else ROLE_PREFIX + named
        if not all(letter.isalnum() or letter in "_.-" for letter in role[len(ROLE_PREFIX) :]):
            form.error("new", "bad-name")
    return written(Inclusion(role, included).tokens)


def _last_inclusion(source: Source) -> str | None:
    """New inclusions stand with the others."""
    lines = source.policy.inclusions
    return written(lines[-1].tokens) if lines else None


def _roles_page(
    request: HTMXRequest,
    source: Source,
    form: Form,
    *,
    error: str = "",
    status: int | None = None,
) -> Response[bytes]:
    policy = source.policy
    roles = [name for name in source.table.subjects if is_role(name)]
    return page(
        request,
        "policy/inclusions.html",
        status=status,
        source=source,
        form=form,
        error=error,
        sets=[
            (title, [name for name in members if is_role(name)])
            for name, (title, members) in role_sets(source.table.subjects).items()
            if name != "all"
        ],
        options=[(name, role_title(name)) for name in roles],
        own={name: sum(rule.subject == name for rule in policy.rules) for name in roles},
        inclusions={
            name: [line for line in policy.inclusions if line.role == name] for name in roles
        },
        holders={
            name: sorted({grant.person for grant in policy.grants if grant.role == name})
            for name in roles
        },
        role_title=role_title,
        known=ROLES,
        written=written,
        say=lambda line: inclusion_sentence(line, words.lang()),
        back=f"{source.url}/inclusions",
        done=request.query_params.get("done", ""),
    )


ROUTES = (show_in_force, show_of_draft, include)
