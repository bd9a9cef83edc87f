"""Suspensions and appeals (BK-7): explained, with an end, decided by a person, once."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from portal.core import db
from portal.features.booking import blocks
from portal.features.booking.place import document_index, phone_index
from tests.factories.booking import PHONE, a_visitor
from tests.features.booking.acts import act_as

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-7")]

INDEX = phone_index(PHONE)


async def an_appeal(text: str = "当天暴雨，景区已闭园") -> tuple[int, int]:
    block = await blocks.suspend(INDEX, "phone", 60, "Scalping")
    assert await blocks.file_appeal(block, text)
    return block, await db.fetchval("SELECT max(id) FROM appeal")


async def test_a_suspension_says_what_why_and_until_when(at: Callable[[datetime], None]) -> None:
    act_as("secadmin")
    number = await blocks.suspend(INDEX, "phone", 60, "Scalping")
    found = await blocks.in_force(INDEX)
    assert found is not None
    assert (found.id, found.kind, found.reason, found.step) == (number, "phone", "staff", 1)
    assert (
        timedelta(0) <= found.ends_at - found.starts_at - timedelta(days=60) < timedelta(seconds=1)
    )
    assert await blocks.in_force(document_index(a_visitor().document)) is None
    at(found.ends_at)
    assert await blocks.in_force(INDEX) is None
    [entry] = await db.fetch("SELECT subject, detail FROM audit_entry")
    assert entry["subject"] == "secadmin"
    assert PHONE not in entry["detail"]


async def test_the_longest_of_several_is_the_one_that_is_told() -> None:
    await blocks.suspend(INDEX, "phone", 10, "")
    longest = await blocks.suspend(INDEX, "phone", 90, "")
    await blocks.suspend(INDEX, "phone", 30, "")
    found = await blocks.in_force(INDEX)
    assert found is not None
    assert found.id == longest


async def test_lifted_it_holds_no_more_and_a_repeat_changes_nothing() -> None:
    act_as("director")
    number = await blocks.suspend(INDEX, "phone", 60, "")
    for _ in range(2):
        await blocks.lift(number, "mistake")
    assert await blocks.in_force(INDEX) is None
    lifted = await db.fetch("SELECT * FROM audit_entry WHERE act = 'booking_block:lift'")
    assert len(lifted) == 1
    [kept] = await blocks.listed("all", 10, 0)
    assert kept.lifted_at is not None


@pytest.mark.charter("RK-6")
async def test_one_appeal_is_open_at_a_time_and_its_words_are_sealed() -> None:
    block, appeal = await an_appeal()
    assert not await blocks.file_appeal(block, "再次申诉")
    stored = await db.fetchval("SELECT text_sealed FROM appeal")
    assert "暴雨".encode() not in stored
    shown = await blocks.appeal(appeal)
    assert shown is not None
    assert (shown["text"], shown["state"]) == ("当天暴雨，景区已闭园", "filed")
    assert await blocks.appeal(appeal + 1) is None


@pytest.mark.parametrize("granted", [True, False])
async def test_a_person_decides_once(granted: bool) -> None:  # noqa: FBT001
    act_as("manager.systems")
    block, appeal = await an_appeal()
    await blocks.decide(appeal, granted=granted, answer="已核实")
    await blocks.decide(appeal, granted=not granted, answer="另一个答复")
    told = await blocks.latest_answer(block)
    assert told is not None
    assert (told["state"], told["answer"]) == ("granted" if granted else "rejected", "已核实")
    assert (await blocks.in_force(INDEX) is None) == granted
    assert await db.fetchval("SELECT decided_by FROM appeal") == "manager.systems"
    assert await blocks.file_appeal(block, "新的材料")
    assert await blocks.latest_answer(block + 1) is None


async def test_open_appeals_stand_first() -> None:
    decided, appeal = await an_appeal()
    await blocks.decide(appeal, granted=False, answer="")
    open_one = await blocks.suspend(document_index(a_visitor().document), "document", 5, "")
    await blocks.file_appeal(open_one, "我是本人")
    silent = await blocks.suspend(phone_index("13900139000"), "phone", 5, "")
    assert [block.id for block in await blocks.listed("all", 10, 0)] == [open_one, silent, decided]
    assert len(await blocks.listed("all", 1, 1)) == 1


@pytest.mark.commits
async def test_two_who_decide_at_once_decide_once() -> None:
    _block, appeal = await an_appeal()
    await asyncio.gather(
        blocks.decide(appeal, granted=True, answer="a"),
        blocks.decide(appeal, granted=False, answer="b"),
    )
    assert await db.fetchval("SELECT count(*) FROM audit_entry WHERE act = 'appeal:decide'") == 1
    state = await db.fetchval("SELECT state FROM appeal")
    assert (await blocks.in_force(INDEX) is None) == (state == "granted")
