"""``portal database``: where the database is, for PostgreSQL's own tools."""

import sys

import rich_click as click

from portal.core.postgres import EmbeddedPostgres, tool
from portal.core.settings import settings


@click.command("database")
@click.option(
    "--tool",
    "name",
    default=None,
    help="Print where this tool is instead, such as pg_dump or psql.",
)
def show_database(name: str | None) -> None:
    """Print the database's address, as psql and pg_dump take it; exit 1 while it does not run."""
    if name is not None:
        click.echo(str(tool(name)))
        return
    address = settings().database_url or EmbeddedPostgres(settings().data).address()
    if address is None:
        click.echo("portal: the database does not run: start the portal first", err=True)
        sys.exit(1)
    click.echo(address)
