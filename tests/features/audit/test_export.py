"""An export proves itself, without the portal (AU-1)."""

import json
import random
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.cli.audit import verify_trail
from portal.core import anchors, audit, db
from portal.core.context import Act, set_act
from portal.features.audit import export, proof
from tests.browser import Browser, SignIn
from tests.core.test_audit import TRICKY, a_trail

pytestmark = pytest.mark.charter("AU-1")


@pytest.fixture
async def auditor(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("auditadmin")


async def exported(auditor: Browser, query: str) -> list[str]:
    answer = await auditor.get(f"/audit/export?{query}")
    assert answer.status_code == 200
    return answer.content.decode().splitlines(keepends=True)


async def test_the_whole_trail_is_proved_by_its_export(
    auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_trail(monkeypatch)
    kept = await anchors.current()
    for form in ("proof", "jsonl", "csv"):
        found = proof.check(await exported(auditor, f"act=test:act&format={form}"), kept)
        assert found.good, form
        assert (found.entries, found.tied, found.held) == (24, 24, 2), form
    heads = await anchors.current()
    assert {key: heads[key] for key in found.heads if key[1] == 3} == {
        key: head for key, head in found.heads.items() if key[1] == 3
    }


async def test_what_is_withheld_is_proved_too_and_not_told(
    auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_trail(monkeypatch)
    lines = await exported(auditor, "act=test:act&object_id=3/2/1&format=proof")
    found = proof.check(lines)
    assert (found.entries, found.withheld, found.tied, found.good) == (1, 11, 1, True)
    assert len(found.heads) == 1
    assert "3/2/0" not in "".join(lines[1:])
    loose = proof.check(await exported(auditor, "act=test:act&object_id=3/2/1&format=jsonl"))
    assert (loose.entries, loose.tied, loose.good) == (1, 0, True)


@pytest.mark.parametrize("form", ["csv", "proof"])
async def test_tricky_texts_come_back_from_a_file_as_they_were(form: str, auditor: Browser) -> None:
    texts = [
        *TRICKY,
        "=1+1",
        "'=1",
        "'",
        "''",
        "-1",
        "\r=1",
        "a\r\nb",
        '"',
        "a,b",
        "\u2028",
        "\ufeff",
    ]
    dice = random.Random(5)  # noqa: S311
    set_act(Act("tricky"))
    async with db.transaction():
        for text in texts:
            audit.record("test:act", dice.choice(texts), text, note=text)
    answer = await auditor.get(f"/audit/export?subject=tricky&format={form}")
    lines = answer.content.decode().split("\n")
    found = proof.check([f"{line}\n" for line in lines if line])
    assert (found.entries, found.breaks) == (len(texts), [])


Tamper = Callable[[list[str], random.Random], list[str]]


def an_entry(lines: list[str], dice: random.Random) -> int:
    return dice.choice([place for place, line in enumerate(lines) if '"subject"' in line])


def altered(lines: list[str], dice: random.Random) -> list[str]:
    place = an_entry(lines, dice)
    told = json.loads(lines[place])
    name = dice.choice(
        [name for name in told if name not in ("day", "lane", "seq", "digest", "link", "at")]
    )
    told[name] += "x"
    lines[place] = json.dumps(told) + "\n"
    return lines


def renumbered(lines: list[str], dice: random.Random) -> list[str]:
    place = an_entry(lines, dice)
    told = json.loads(lines[place])
    told["seq"] += 1
    lines[place] = json.dumps(told) + "\n"
    return lines


def dropped(lines: list[str], dice: random.Random) -> list[str]:
    del lines[an_entry(lines, dice)]
    return lines


def doubled(lines: list[str], dice: random.Random) -> list[str]:
    place = an_entry(lines, dice)
    return [*lines[:place], lines[place], *lines[place:]]


def swapped(lines: list[str], dice: random.Random) -> list[str]:
    place = an_entry(lines[:-2], dice)
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    return lines


def cut(lines: list[str], dice: random.Random) -> list[str]:
    return lines[: an_entry(lines, dice)]


def covered_up(lines: list[str], dice: random.Random) -> list[str]:
    place = an_entry(lines, dice)
    told = json.loads(lines[place])
    told["subject"] = "nobody"
    told["digest"] = proof.chains.digest_of(proof._text(told)).hex()
    lines[place] = json.dumps(told) + "\n"
    return lines


@pytest.mark.parametrize(
    "tamper", [altered, renumbered, dropped, doubled, swapped, cut, covered_up]
)
async def test_an_altered_file_is_found(
    tamper: Tamper, auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_trail(monkeypatch)
    lines = await exported(auditor, "act=test:act&format=proof")
    assert proof.check(lines).good
    first = secrets.randbelow(10**9)
    for seed in range(first, first + 40):
        spoilt = tamper(list(lines), random.Random(seed))  # noqa: S311
        assert not proof.check(spoilt).good, f"{tamper.__name__} with seed {seed} was not found"


async def test_another_head_kept_elsewhere_is_found(
    auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_trail(monkeypatch)
    lines = await exported(auditor, "act=test:act&format=proof")
    kept = {
        key: anchors.Anchor(head.length, b"x" * 32)
        for key, head in proof.check(lines).heads.items()
    }
    assert [found.code for found in proof.check(lines, kept).breaks] == ["anchor"] * len(kept)
    longer = {key: anchors.Anchor(10**6, b"x" * 32) for key in kept}
    assert [found.code for found in proof.check(lines, longer).breaks] == ["end"] * len(kept)


async def test_the_command_checks_a_file(
    auditor: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await a_trail(monkeypatch)
    lines = await exported(auditor, "act=test:act&format=proof")
    (tmp_path / "good").write_text("".join(lines), "utf-8", newline="")
    (tmp_path / "bad").write_text(
        "".join(lines[:-1]).replace("3/2/1", "3/2/9"), "utf-8", newline=""
    )
    (tmp_path / "heads").write_text(anchors.lines(await anchors.current()), "utf-8")
    (tmp_path / "other").write_text("name,phone\n", "utf-8")

    def told(*words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(verify_trail, list(words))
        return answer.exit_code, answer.output

    code, said = told("--file", str(tmp_path / "good"), "--anchors", str(tmp_path / "heads"))
    assert code == 0, said
    assert "24 entries" in said
    code, said = told("--file", str(tmp_path / "bad"))
    assert code == 1
    assert "the entry was altered" in said
    assert "the end of the file is missing" in said
    assert told("--file", str(tmp_path / "other"))[0] == 2
    assert told("--anchors", str(tmp_path / "heads"))[0] == 2


async def test_many_entries_are_sent_in_parts(auditor: Browser) -> None:
    """More than are read at once, in an order that breaks nothing."""
    async with db.transaction():
        await audit.append(
            [audit.Entry("many", "test:many", "thing", str(number)) for number in range(1203)]
        )
    found = proof.check(await exported(auditor, "subject=many&format=proof"))
    assert (found.entries, found.tied, found.good) == (1203, 1203, True)
    assert export.AT_ONCE < 1203


async def test_a_file_of_something_else_is_refused() -> None:
    for lines in (
        [],
        ["x"],
        ['{"export":{"proof":true}}\n', "nonsense\n"],
        ["at,subject,\n", "1,2,3\n"],
    ):
        with pytest.raises(proof.NoExport):
            proof.check(lines)
