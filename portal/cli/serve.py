"""``portal serve`` and ``portal migrate``.

The web application is imported inside the commands: the other ones start in a fraction of the time, and
metrics must know their folder before they are first imported.
"""

import os
import shutil
from ipaddress import ip_address

import rich_click as click

from portal.cli.database import database, run
from portal.core.settings import said, settings


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from portal.core.migrate import migrate as run_migrations  # noqa: PLC0415
    from portal.registry import APP_NAMES  # noqa: PLC0415

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
    if demo and not is_loopback(host):
        raise click.UsageError(
            "--demo has well-known passwords: it serves on a loopback address only"
        )
    if demo:
        os.environ["PORTAL_DEMO"] = "1"
    if not said().get("PORTAL_BASE_URL"):
        os.environ["PORTAL_BASE_URL"] = f"http://{host}:{port}"
    settings.cache_clear()
    with database(keep=click.echo):
        _serve(demo=demo, host=host, port=port, workers=workers)


def _serve(*, demo: bool, host: str, port: int, workers: int | None) -> None:
    _begin_metrics()
    from portal import supervisor  # noqa: PLC0415

    listen = supervisor.Listen(host, port, workers or supervisor.workers_by_default())
    try:
        supervisor.run(listen, with_demo=demo, say=click.echo)
    except supervisor.NotTheDemo as error:
        raise click.UsageError(str(error)) from None


def _begin_metrics() -> None:
    """A folder for this start's counters, without those of processes that are gone."""
    folder = settings().data / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
