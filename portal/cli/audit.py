"""``portal audit``."""

import sys
from collections.abc import Iterable
from pathlib import Path

import rich_click as click

from portal.cli.database import run
from portal.core import chains
from portal.core.chains import Break
from portal.features.audit import proof, verification


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@click.option(
    "--file",
    "export",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check an export instead, without the database.",
)
@click.option(
    "--anchors",
    "kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Heads that were kept elsewhere, to hold the export against.",
)
def verify_trail(export: Path | None, kept: Path | None) -> None:
    """Walk every hash chain; exit 1 and name the first bad entry when one is broken."""
    if export:
        _check_file(export, kept)
        return
    if kept:
        raise click.UsageError(
            "--anchors belongs to --file; the page compares heads with the trail"
        )
    seen, breaks = run(_walk)
    _say(breaks)
    if breaks:
        sys.exit(1)
    click.echo(f"the audit trail holds: {seen} entries")


def _check_file(export: Path, kept: Path | None) -> None:
    """What an export proves by itself, said so that nobody takes it for more."""
    try:
        with export.open(encoding="utf-8", newline="") as lines:
            heads = proof.heads(kept.read_text("utf-8")) if kept else {}
            checked = proof.check(lines, heads)
    except (proof.NoExport, UnicodeDecodeError) as error:
        raise click.UsageError(f"{export}: {error}") from None
    _say(checked.breaks)
    if checked.cut:
        click.echo("broken: the end of the file is missing", err=True)
    if not checked.good:
        sys.exit(1)
    click.echo(f"the export holds: {checked.entries} entries, each as its digest says")
    click.echo(
        f"{checked.tied} of them stand in {len(checked.heads)} chains that are whole from their first entry on"
    )
    if loose := checked.entries - checked.tied:
        click.echo(f"{loose} are not tied to their chain by this file: export with proof")
    if kept:
        click.echo(f"{checked.held} of {len(heads)} heads kept elsewhere were met")
    for (day, lane), anchor in checked.heads.items():
        click.echo(f"  {day} lane {lane}: {anchor.length} entries, head {anchor.head.hex()}")


def _say(breaks: Iterable[Break]) -> None:
    for found in breaks:
        click.echo(
            f"broken: {found.day} lane {found.lane} entry {found.seq}: {found.reason}", err=True
        )


async def _walk() -> tuple[int, list[Break]]:
    """A run that is kept and shown on the page; beside one that is on already, a walk of its own."""
    number = await verification.begin()
    if number is not None:
        kept = await verification.run(number, tell=_tell)
        return kept.seen, list(kept.breaks)
    seen, breaks = 0, []
    async for step in chains.verify():
        if isinstance(step, Break):
            breaks.append(step)
        else:
            seen = step
    return seen, breaks


def _tell(seen: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{seen:,} entries", nl=False, err=True)
