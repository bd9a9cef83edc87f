"""``portal audit``."""

import sys

import rich_click as click

from portal.cli.database import run
from portal.core.audit import Break, verify


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
def verify_trail() -> None:
    """Walk every hash chain; exit 1 and name the first bad entry when one is broken."""
    breaks, seen = run(_walk)
    for found in breaks:
        click.echo(
            f"broken: {found.day} lane {found.lane} entry {found.seq}: {found.reason}", err=True
        )
    if breaks:
        sys.exit(1)
    click.echo(f"the audit trail holds: {seen} entries")


async def _walk() -> tuple[list[Break], int]:
    breaks, seen = [], 0
    async for step in verify():
        if isinstance(step, Break):
            breaks.append(step)
        else:
            seen = step
    return breaks, seen
