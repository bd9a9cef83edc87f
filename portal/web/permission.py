"""Permission on each route (PO-1): a guard that names it, a check for rows, a refusal to start without.

The guard asks whether the actor could be allowed on any record at all; where the verdict depends on the record, the
handler loads it and asks again with ``allow``. Every refusal is on the audit trail.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    NotFoundException,
    PermissionDeniedException,
)
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from portal.core import audit
from portal.core.context import Decided, remember_decision
from portal.core.i18n import _l
from portal.core.settings import settings
from portal.core.site_settings import SiteSetting, declare
from portal.web.actor import UNKNOWN, Actor, actor_of
from portal.web.ask import Ask, whom_to_ask
from portal.web.csrf import SAFE, refuse_forged
from rbac.areas import ADMINISTRATORS
from rbac.facts import Facts, as_plain
from rbac.guard import PolicyBox
from rbac.lines import ROLE_PREFIX, written
from rbac.permissions import Permission
from rbac.roles import ROLES


class Refused(PermissionDeniedException):
    """The policy says no. Tells which permission is missing and whom to ask, nothing of the object."""

    def __init__(self, permission: Permission, ask: Ask) -> None:
        super().__init__("refused")
        self.permission = permission
        self.ask = ask


class SignInFirst(NotAuthorizedException):
    """Nobody is signed in, and visitors may not do this."""


class ChangePasswordFirst(PermissionDeniedException):
    """The password was given by somebody else: nothing else may be done before it is changed."""


class SecondFactorFirst(PermissionDeniedException):
    """A role asks for a second factor, and this account has none yet: nothing else may be done before."""


class Unavailable(HTTPException):
    """Busy or cut off from the database: the same request may be sent again in a moment."""

    status_code = 503


class UnguardedRoute(Exception):
    """A route names no permission: the application does not start."""


#: Whether the portal lives must be told even by a process that has no policy to ask.
WITHOUT_POLICY: Final = frozenset({Permission.HEALTH_READ})

BEFORE_NEW_PASSWORD: Final = frozenset(
    {
        Permission.ACCOUNT_SELF,
        Permission.HEALTH_READ,
        Permission.LANGUAGE_SWITCH,
        Permission.PUBLIC_READ,
        Permission.SESSION_LOGOUT,
    }
)

LARGEST_KEY: Final = 2**31 - 1

#: The policy in force in this process.
policy = PolicyBox()

NOBODY_MUST: Final = "none"


def _roles_named(text: str) -> frozenset[str]:
    """``sysadmin, role:ceo`` → the roles; a name without its kind is one too."""
    names = text.replace(",", " ").split()
    return frozenset(ROLE_PREFIX + name.removeprefix(ROLE_PREFIX) for name in names)


def _are_roles(text: str) -> bool:
    """Whether each is a role: a slip of the pen must not let somebody off."""
    snapshot = policy.snapshot
    known = ROLES.keys() | (snapshot.compiled.policy.roles if snapshot else set())
    return text == NOBODY_MUST or _roles_named(text) <= known


SECOND_FACTOR_FOR = declare(
    SiteSetting(
        "security.second_factor_for",
        # Whoever tries the demo has no authenticator at hand.
        NOBODY_MUST if settings().demo else " ".join(ADMINISTRATORS),
        _l("Roles that must use two-step sign-in"),
        _l(
            "Names of roles with blanks between them, or “none”. Whoever holds one sets it up first."
        ),
        check=_are_roles,
    )
)


def second_factor_is_due(actor: Actor) -> bool:
    """Whether the actor holds a role that asks for a second factor, and has none."""
    snapshot = policy.snapshot
    asked = SECOND_FACTOR_FOR()
    if actor.second_factor or not actor.signed_in or snapshot is None or asked == NOBODY_MUST:
        return False
    held = snapshot.compiled.standing().roles(actor.subject)
    return not held.keys().isdisjoint(_roles_named(asked))


class Needs:
    """``guards=[Needs(Permission.BOOKING_CREATE)]``: the permission that a route asks for.

    Since every route has one, this is also where forged changes are refused: a guard of its own for that
    would cost each request a copy of the route handler.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        if connection.scope.get("method") not in SAFE:
            await refuse_forged(connection, handler)
        actor = actor_of(connection)
        if actor is UNKNOWN or (policy.version is None and self.permission not in WITHOUT_POLICY):
            raise Unavailable
        if actor.must_change_password and self.permission not in BEFORE_NEW_PASSWORD:
            raise ChangePasswordFirst("change-password-first")
        if self.permission not in BEFORE_NEW_PASSWORD and second_factor_is_due(actor):
            raise SecondFactorFirst("second-factor-first")
        if policy.version is None or policy.may_ever(subject_of(actor), self.permission):
            _spare_numbers(connection.path_params)
            return
        await refuse(actor, self.permission, "route", connection.scope["path"])


def _spare_numbers(params: Mapping[str, Any]) -> None:
    """A number that no key of ours can be names nothing; PostgreSQL would not even look."""
    for value in params.values():
        if type(value) is int and not 0 <= value <= LARGEST_KEY:
            raise NotFoundException


def subject_of(actor: Actor) -> str:
    """Whom the policy is asked about."""
    return policy.judged_as(actor.subject) if actor.signed_in else actor.subject


async def refuse(
    actor: Actor, permission: Permission, object_type: str, object_id: object, rule: str = ""
) -> None:
    """Put the refusal on the trail and raise it."""
    if not actor.signed_in:
        raise SignInFirst("sign-in-first")
    await audit.refused(str(permission), object_type, object_id, rule)
    raise Refused(permission, await whom_to_ask(policy, actor.subject))


async def allow(
    actor: Actor, permission: Permission, on: Facts, object_type: str, object_id: object
) -> None:
    """Ask again with the record's facts; raises ``Refused``, audited with the line of the policy that says no.

    Facts and line stand on the trail beside the act or the refusal.
    """
    decision = policy.decide(subject_of(actor), permission, on)
    rule = written(decision.rule.tokens) if decision.rule else ""
    decided = Decided(as_plain(on), rule)
    remember_decision(str(permission), object_type, str(object_id), decided)
    if not decision.allowed:
        await refuse(actor, permission, object_type, object_id, rule)


def may(actor: Actor, permission: Permission, on: Facts | None = None) -> bool:
    """For menus and buttons: what is shown, never what is allowed."""
    if on is None:
        return policy.may_ever(subject_of(actor), permission)
    return policy.decide(subject_of(actor), permission, on).allowed


def routes_without_permission(app: Litestar) -> list[str]:
    """Paths and methods whose handler names no permission."""
    missing = []
    for route in app.routes:
        handlers: Iterable[BaseRouteHandler] = (
            route.route_handlers if isinstance(route, HTTPRoute) else (route.route_handler,)
        )
        for handler in handlers:
            if handler.handler_name.startswith("options_handler") or is_guarded(handler):
                continue
            missing.append(f"{route.path} {handler.handler_name}")
    return sorted(missing)


def is_guarded(handler: BaseRouteHandler) -> bool:
    return any(isinstance(guard, Needs) for guard in handler.resolve_guards())


def require_permissions(app: Litestar) -> None:
    """Refuse to start while a route names no permission (PO-1)."""
    if missing := routes_without_permission(app):
        raise UnguardedRoute("these routes name no permission: " + ", ".join(missing))
