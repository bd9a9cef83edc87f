"""Who may do what, route by route (PO-1): the table in ``routes.csv`` against the running application.

The table is written by people and says what is meant; the policy and the guards say what is so. Each column
is a kind of person, by a user name of the demo; ``y`` may pass the route's guard, ``n`` is refused. What a
record adds to that (own order, own section) is proved where the record is.

A route that is not in the table fails here, with the row to be judged and added.
"""

import asyncio
import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from portal.app import litestar
from portal.core import db
from portal.core.keyring import keyring
from portal.features.audit import verification
from portal.web.csrf import CsrfToken
from portal.web.permission import Needs, policy
from rbac.policy import shipped_policy
from tests.browser import Browser, SignIn
from tests.factories.catalogue import a_product
from tests.process import forget_limits

pytestmark = pytest.mark.charter("PO-1")

TABLE = Path(__file__).with_name("routes.csv")
VISITOR = "visitor"
NONCE = "a-cookie-of-this-test"

#: What stands for each kind of parameter: things that nobody has, so that only the guard decides.
NOBODY_HAS = {"int": "999999", "uuid": "00000000-0000-4000-8000-000000000000", "str": "none"}
#: Where the handler asks again before it looks for the record, the name must be a real one.
NAMED = {"resource_name": "products", "name": "site.phone", "provider_name": "test"}

Row = dict[str, str]


@cache
def table() -> dict[tuple[str, str], Row]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(row["method"], row["path"]): row for row in csv.DictReader(file)}


def people() -> list[str]:
    """The columns that are people."""
    row = next(iter(table().values()))
    return [name for name in row if name not in ("method", "path", "permission")]


def routes(app: Litestar) -> Iterator[tuple[str, str, str]]:
    """Every method and path with the permissions that it names. HEAD is GET without the body."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path}: only pages are in the table"
        for handler in route.route_handlers:
            if handler.handler_name.startswith("options_handler"):
                continue
            needs = [guard for guard in handler.resolve_guards() if isinstance(guard, Needs)]
            named = "+".join(str(guard.permission) for guard in needs)
            for method in sorted(handler.http_methods - {"HEAD"}):
                yield method, route.path, named


def address(path: str) -> str:
    """The path with its parameters filled in."""

    def value(found: re.Match[str]) -> str:
        name, kind = found[1], found[2]
        if kind == "path":
            return "css/public.css"
        return NAMED.get(name, NOBODY_HAS[kind])

    return re.sub(r"\{(\w+):(\w+)\}", value, path)


def test_every_route_is_in_the_table_and_nothing_else(application: Litestar) -> None:
    found = {(method, path): needed for method, path, needed in routes(application)}
    missing = [
        ",".join((method, path, needed, *("?" for _ in people())))
        for (method, path), needed in found.items()
        if (method, path) not in table()
    ]
    assert not missing, "judge these rows and add them to routes.csv:\n" + "\n".join(missing)
    gone = sorted(table().keys() - found.keys())
    assert not gone, f"these routes are gone from the application: {gone}"
    wrong = {
        key: row["permission"] for key, row in table().items() if row["permission"] != found[key]
    }
    assert not wrong, f"these routes name another permission than the table: {wrong}"


def test_the_table_is_in_order_and_judged() -> None:
    rows = list(table())
    assert rows == sorted(rows, key=lambda key: (key[1], key[0])), (
        "sort routes.csv by path and method"
    )
    for key, row in table().items():
        judged = {row[name] for name in people()}
        assert judged <= {"y", "n"}, f"{key} is not judged: {row}"


def test_every_kind_of_person_is_told_apart_by_the_policy(application: Litestar) -> None:
    """A demo user whose role is nobody's in the table would go untested."""
    grants = shipped_policy(demo=True).grants
    covered = {(grant.role, grant.group) for grant in grants if grant.person in people()}
    assert covered == {(grant.role, grant.group) for grant in grants}


def is_refused(answer: Any) -> bool:
    """Sent to the sign-in, or told that it is not among the duties."""
    to_sign_in = answer.headers.get("location", "").startswith("/login")
    return answer.status_code in (401, 403) or to_sign_in


#: Its own transaction asks for a level of isolation, which a rolled back test cannot give.
REALLY = ("auditadmin",)


@pytest.mark.parametrize(
    "person",
    [pytest.param(name, marks=pytest.mark.commits if name in REALLY else ()) for name in people()],
)
async def test_who_may_and_who_may_not(person: str, visitor: Browser, signed_in_as: SignIn) -> None:
    await a_product()
    browser, wrong = visitor, []
    for (method, path), row in table().items():
        if person != VISITOR and not browser.cookies.get("session"):  # at first, and after /logout
            browser = await signed_in_as(person)
        if told := await _otherwise(browser, person, method, path, meant=row[person]):
            wrong.append(told)
    assert not wrong, "\n".join(wrong)


async def test_without_the_guard_the_table_would_complain(
    signed_in_as: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control, both ways: a guard that lets everybody in, and one that lets nobody."""
    director = await signed_in_as("director")
    assert await _otherwise(director, "director", "GET", "/audit", meant="n") is None
    assert await _otherwise(director, "director", "GET", "/goals", meant="y") is None

    async def open_to_all(*_args: object) -> None:
        return

    monkeypatch.setattr(Needs, "__call__", open_to_all)
    told = await _otherwise(director, "director", "GET", "/audit", meant="n")
    assert told == "director: GET /audit answers 200, meant is n"
    monkeypatch.undo()
    policy.clear()
    assert await _otherwise(director, "director", "GET", "/goals", meant="y") is not None


async def _otherwise(
    browser: Browser, person: str, method: str, path: str, *, meant: str
) -> str | None:
    """What is not as meant, in one line."""
    forget_limits()
    browser.cookies.set("csrf", NONCE, domain=browser.base_url.host)
    before = await _trail()
    where = address(path)
    answer = await browser.request(
        method, where, headers={"X-CSRF-Token": str(CsrfToken(keyring(), NONCE))}
    )
    await asyncio.gather(*verification._tasks)  # what it began in the background adds to the trail
    told = f"{person}: {method} {where} answers {answer.status_code}, meant is {meant}"
    if answer.status_code >= 500 or is_refused(answer) != (meant == "n"):
        return told
    if meant == "n" and person != VISITOR:
        added = (await _trail())[len(before) :]
        if [tuple(entry)[1:] for entry in added] != [(person, "refused")]:
            return f"{told}, and the trail says {added}"
    return None


async def _trail() -> list[Any]:
    return await db.fetch("SELECT seq, subject, outcome FROM audit_entry ORDER BY at, lane, seq")


def test_routes_are_those_of_the_whole_application(application: Litestar) -> None:
    assert {path for _method, path, _needed in routes(application)} == {
        path for _method, path, _needed in routes(litestar())
    }
