"""What tells whoever runs the portal how it does."""

import shutil
from collections import namedtuple

import pytest

from portal import system_pages
from portal.core import db
from portal.core.keyring import Keyring, keyring
from portal.web.permission import policy
from tests.browser import Browser, SignIn


async def test_the_process_lives(visitor: Browser) -> None:
    answer = await visitor.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_a_process_that_can_do_its_work_is_ready(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_pages, "LOW_DISK", 0)  # however full this machine is just now
    answer = await visitor.get("/readyz")
    assert answer.json() == {
        "database": "ok",
        "policy": "ok",
        "disk": "ok",
        "keys": "ok",
        "booking": "ok",
        "wrapping_key": keyring().wrapping_active,
        "ticket_key": str(keyring().ticket_active),
    }
    assert answer.status_code == 200


@pytest.mark.parametrize("missing", ["database", "schema", "policy", "disk", "keys"])
async def test_a_process_that_cannot_says_what_is_missing(
    missing: str, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_expected: int) -> bool:
        raise ConnectionRefusedError

    def without_keys() -> Keyring:
        whole = keyring()
        return Keyring(whole.wrapping, whole.wrapping_active, whole.index, whole.token, {}, 0)

    usage = namedtuple("usage", "total used free")  # noqa: PYI024  as shutil's own
    match missing:
        case "database":
            monkeypatch.setattr(system_pages, "is_migrated", away)
        case "schema":
            await db.execute("DELETE FROM migration")
        case "policy":
            policy.clear()
        case "disk":
            monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(1, 1, 1000))
        case "keys":
            monkeypatch.setattr(system_pages, "keyring", without_keys)
    answer = await visitor.get("/readyz")
    assert answer.status_code == 503
    in_use = ("wrapping_key", "ticket_key")
    bad = {n: state for n, state in answer.json().items() if state != "ok" and n not in in_use}
    assert (
        bad
        == {
            "database": {"database": "away"},
            "schema": {"database": "not migrated"},
            "policy": {"policy": "no policy"},
            "disk": {"disk": "almost full"},
            "keys": {"keys": "no signing key"},
        }[missing]
    )


async def test_metrics_count_answers(signed_in_as: SignIn, visitor: Browser) -> None:
    assert (await visitor.get("/metrics")).status_code in (200, 303)
    admin = await signed_in_as("sysadmin")
    answer = await admin.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'portal_requests_total{status="2xx"}' in answer.text
    assert "portal_request_seconds_bucket" in answer.text
