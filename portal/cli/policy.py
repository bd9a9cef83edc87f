"""``portal policy``: check, export and import the permission policy as Casbin lines."""

import shutil
import sys
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import Final, NoReturn

import rich_click as click

from portal.cli.database import run
from portal.core import clock, db
from rbac.assertion_words import failure_words
from rbac.assertions import failures, standing_assertions
from rbac.bilingual import Language
from rbac.bundle import LINES, MODEL, BadBundle, is_packed, pack, unpack
from rbac.policy import FOLDER, Policy
from rbac.problem_words import problem_words
from rbac.reading import PolicyError, column, foreign_fields, split

STDIO: Final = Path("-")

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True)
_LANG = click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", help="Of the findings."
)


@click.group()
def policy() -> None:
    """The permission policy."""


@policy.command()
@click.argument("file", type=_FILE, required=False)
@_LANG
def check(file: Path | None, lang: Language) -> None:
    """Run the standing assertions on the policy in force, or on FILE (- for standard input).

    Exit 1 when one fails, with a line for each finding.
    """
    text = _in_force() if file is None else _read(file)
    checked = _parsed(text, file, lang)
    _hold(checked, lang)
    click.echo(
        f"{len(standing_assertions())} assertions hold: "
        f"{len(checked.rules)} rules, {len(checked.grants)} grants of roles, {len(checked.reports)} reporting lines"
    )


@policy.command()
@click.argument("target", type=click.Path(path_type=Path), default=STDIO)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def export(target: Path, *, force: bool) -> None:
    """Write the policy in force into the folder TARGET as model.conf and policy.csv, or both into TARGET.zip.

    Without TARGET, or with -, the lines alone go to standard output.
    """
    text = _in_force()
    if target == STDIO:
        click.echo(text, nl=False)
        return
    if target.suffix == ".zip":
        _write_archive(target, text, force=force)
        return
    there = [name for name in (MODEL, LINES) if (target / name).exists()]
    if there and not force:
        _refuse(f"{target / there[0]} is there already; --force writes over it")
    try:
        target.mkdir(parents=True, exist_ok=True)
        (target / LINES).write_text(text, encoding="utf-8")
        shutil.copyfile(FOLDER / MODEL, target / MODEL)
    except OSError as error:
        _refuse(f"cannot write into {target}: {error.strerror}")
    click.echo(f"{target / MODEL} and {target / LINES} are written")


def _write_archive(target: Path, text: str, *, force: bool) -> None:
    if target.exists() and not force:
        _refuse(f"{target} is there already; --force writes over it")
    try:
        target.write_bytes(pack(text))
    except OSError as error:
        _refuse(f"cannot write {target}: {error.strerror}")
    click.echo(f"{target} is written")


@policy.command("import")
@click.argument("file", type=_FILE)
@click.option("--reason", default="", help="Why, for the audit trail.")
@_LANG
def import_policy(file: Path, reason: str, lang: Language) -> None:
    """Put the policy of FILE (- for standard input; lines, or an archive of the export) in force as a new version.

    Refused with a line for each finding when it cannot be trusted or an assertion fails.
    """
    imported = _parsed(_read(file), file, lang)
    _hold(imported, lang)
    if run(_newest) == imported.text:
        click.echo("this policy is in force already")
        return
    from portal.features.policy import service  # noqa: PLC0415

    why = reason or f"imported from {_called(file)}"
    version = run(lambda: service.release(imported.text, why))
    click.echo(f"version {version} is in force")


def _in_force() -> str:
    found = run(_newest)
    if found is None:
        _refuse("there is no policy yet: 'portal serve' or 'portal policy import' brings one")
    return found


async def _newest() -> str | None:
    if not await db.fetchval("SELECT to_regclass('policy_version') IS NOT NULL"):
        _refuse("the database is empty: 'portal migrate' makes its tables")
    from portal.features.policy import queries  # noqa: PLC0415

    version = await queries.newest()
    return version.lines if version else None


def _read(file: Path) -> str:
    try:
        octets = sys.stdin.buffer.read() if file == STDIO else file.read_bytes()
        return unpack(octets) if is_packed(octets) else octets.decode("utf-8-sig")
    except BadBundle:
        _refuse(f"{_called(file)} holds no {LINES} that can be read")
    except UnicodeDecodeError:
        _refuse(f"{_called(file)} is not a text in UTF-8")


def _parsed(text: str, file: Path | None, lang: Language) -> Policy:
    """The policy of a text; exit 1 with every problem, 2 when it is no policy of ours at all."""
    written = text.split("\n")
    fields = foreign_fields(split(line) for line in written if _says_something(line))
    if fields is not None:
        _refuse(
            f"{_called(file)} is a policy of another Casbin model: its rules have {fields} fields, Shanmen's have 7 "
            "(subject, group, resource, action, relation, condition, effect); it cannot be imported"
        )
    try:
        return Policy.parse(text)
    except PolicyError as error:
        _report(
            f"{_called(file)}:{problem.line}:"
            f"{1 + column(written[problem.line - 1], problem.field, problem.offset)}: {problem_words(problem, lang)}"
            for problem in error.problems
        )


def _hold(checked: Policy, lang: Language) -> None:
    """Exit 1 unless every assertion holds, now and at all that is planned."""
    if found := failures(checked, clock.now().astimezone(UTC)):
        _report(f"{failure.assertion.name}: {failure_words(failure, lang)}" for failure in found)


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _called(file: Path | None) -> str:
    if file is None:
        return "the policy in force"
    return "standard input" if file == STDIO else str(file)


def _report(lines: Iterable[str]) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)


def _refuse(why: str) -> NoReturn:
    click.echo(f"portal: {why}", err=True)
    sys.exit(2)
