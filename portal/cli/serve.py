"""``portal serve`` and ``portal migrate``."""

from ipaddress import ip_address

import rich_click as click

from portal.cli.database import run
from portal.core.migrate import migrate as run_migrations
from portal.registry import APP_NAMES


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    done = run(lambda: run_migrations(APP_NAMES, click.echo))
    click.echo(f"{done} migrations ran" if done else "the schema is up to date")


@click.command()
@click.option("--demo", is_flag=True, help="Fill an empty database with the demo scenic area.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers", default=None, type=click.IntRange(1, 64), help="Default: one for each core."
)
def serve(*, demo: bool, host: str, port: int, workers: int | None) -> None:
    """Create or migrate the database, then serve until stopped."""
    if demo and not _loopback(host):
        raise click.UsageError(
            "--demo has well-known passwords: it serves on a loopback address only"
        )
    raise NotImplementedError(port, workers)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
