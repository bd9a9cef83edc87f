"""``portal``: the one program. Exit codes: 0 good, 1 a check failed, 2 wrong use; errors are one line."""

import sys

import rich_click as click

from portal.cli.address import show_database
from portal.cli.audit import audit
from portal.cli.bench import bench
from portal.cli.charter import charter
from portal.cli.i18n import i18n
from portal.cli.keys import keys
from portal.cli.policy import policy
from portal.cli.serve import migrate, serve
from portal.cli.user import user
from portal.core.db import Unreachable
from portal.core.keyring import KeyFileError
from portal.core.postgres import PostgresError
from portal.core.settings import SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def program() -> None:
    """Shanmen (山门): the portal of a scenic area."""


for command in (serve, migrate, user, policy, audit, keys, bench, charter, i18n, show_database):
    program.add_command(command)


def main() -> None:
    try:
        program(prog_name="portal")
    except (SettingsError, KeyFileError, PostgresError, Unreachable) as error:
        sys.stderr.write(f"portal: {error}\n")
        sys.exit(2)
