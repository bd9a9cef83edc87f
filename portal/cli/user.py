"""``portal user``: accounts from the command line, for whoever runs the machine."""

import sys
from collections.abc import Awaitable, Callable

import rich_click as click

from portal.cli.database import run


@click.group()
def user() -> None:
    """Staff accounts. They grant nothing: what a person may do is policy."""


@user.command()
@click.argument("username")
@click.argument("name")
def add(username: str, name: str) -> None:
    """Create an account and print a password that is good until the first sign-in."""
    from portal.features.people import service  # noqa: PLC0415  brings the web application along

    password = service.new_password()
    _carry_out(lambda: service.create(username, name, password))
    click.echo(
        f"{username} may sign in with {password} and will be asked for a password of their own"
    )


@user.command()
@click.argument("username")
def reset(username: str) -> None:
    """Give a new first password, take the second factor away and end all sessions."""
    from portal.features.people import service  # noqa: PLC0415

    password = service.new_password()
    _carry_out(lambda: service.reset(username, password))
    click.echo(
        f"{username} may sign in with {password} and will be asked for a password of their own"
    )


@user.command()
@click.argument("username")
@click.option("--enable", is_flag=True, help="Open the account again.")
def disable(*, username: str, enable: bool) -> None:
    """Close an account at once; its sessions end in every process."""
    from portal.features.people import service  # noqa: PLC0415

    _carry_out(lambda: service.disable(username, disabled=not enable))
    click.echo(f"{username} is {'open' if enable else 'closed'}")


def _carry_out(act: Callable[[], Awaitable[object]]) -> None:
    from portal.features.people.service import WORDS, AccountError  # noqa: PLC0415

    try:
        run(act)
    except AccountError as error:
        code = error.args[0]
        click.echo(f"portal: {WORDS.get(code, code)}", err=True)
        sys.exit(1)
