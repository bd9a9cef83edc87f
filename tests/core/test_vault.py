"""Data keys and transactions: what a process keeps of them, and what must not outlive a rollback."""

import pytest

from portal.core import db
from portal.core.crypto import Unreadable, Vault, vault
from portal.core.keyring import keyring
from portal.core.settings import settings


class Refused(Exception):
    """Rolls an act back."""


async def a_sealed_value(day: str, context: str = "here") -> bytes:
    return (await vault().key("visitor", day)).seal("张三", context)


@pytest.mark.charter("RK-6")
async def test_a_key_made_in_an_act_that_was_rolled_back_seals_nothing_afterwards(
    database: None,
) -> None:
    with pytest.raises(Refused):
        async with db.transaction():
            await vault().key("visitor", "2026-12-01")
            raise Refused
    sealed = await a_sealed_value("2026-12-01")
    assert await Vault(keyring()).open(sealed, "here") == "张三"  # as another process opens it


async def test_a_key_found_in_an_open_act_is_kept_once_it_commits(database: None) -> None:
    async with db.transaction():
        key = await vault().key("visitor", "2026-12-01")
        assert vault().cached("visitor", "2026-12-01") is None
    assert vault().cached("visitor", "2026-12-01") == key


async def test_two_calls_make_one_key(database: None) -> None:
    async with db.transaction():
        first = await vault().key("visitor", "2026-12-01")
        second = await vault().key("visitor", "2026-12-01")
    assert first.id == second.id
    assert await db.fetchval("SELECT count(*) FROM data_key") == 1


@pytest.mark.charter("RK-6")
async def test_a_destroyed_key_opens_nothing_in_any_process(database: None) -> None:
    sealed = await a_sealed_value("2026-12-01")
    assert await vault().destroy("visitor", "2026-12-01")
    for process in (vault(), Vault(keyring())):
        with pytest.raises(Unreadable):
            await process.open(sealed, "here")


async def test_a_destruction_that_was_rolled_back_destroys_nothing(database: None) -> None:
    sealed = await a_sealed_value("2026-12-01")
    with pytest.raises(Refused):
        async with db.transaction():
            await vault().destroy("visitor", "2026-12-01")
            raise Refused
    assert await vault().open(sealed, "here") == "张三"


async def test_the_suite_may_be_changed_while_old_values_stay_readable(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await a_sealed_value("2026-12-01")
    monkeypatch.setenv("PORTAL_CRYPTO_SUITE", "gm")
    settings.cache_clear()
    vault.cache_clear()
    after = await a_sealed_value("2026-12-02")
    suites = await db.fetch("SELECT suite FROM data_key ORDER BY id")
    assert [row["suite"] for row in suites] == ["aes-256-gcm", "sm4-gcm"]
    assert await vault().open(before, "here") == await vault().open(after, "here") == "张三"
