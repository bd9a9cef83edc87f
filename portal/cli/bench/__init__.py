"""``portal bench``: the figures this machine reaches, in one run each, with what they are compared to."""

import importlib

import rich_click as click

#: Each with its module, imported when asked for: they bring the whole portal along.
COMMANDS = {"audit": "trail", "booking": "booking", "pages": "pages", "policy": "policy"}


class LazyGroup(click.RichGroup):
    """Finds a command in its module, where it has the module's name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = COMMANDS[cmd_name]
        command: click.Command = getattr(
            importlib.import_module(f"portal.cli.bench.{module}"), module
        )
        return command


@click.group(cls=LazyGroup)
def bench() -> None:
    """Measure this machine. Each command prints its own floor or rival beside the figure."""
