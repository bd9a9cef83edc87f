"""``portal bench``: the figures this machine reaches, in one run each, with what they are compared to."""

import importlib

import rich_click as click

#: Each in a module of its own name, imported when asked for: they bring the whole portal along.
COMMANDS = ("booking", "pages", "policy")


class LazyGroup(click.RichGroup):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            importlib.import_module(f"portal.cli.bench.{cmd_name}"), cmd_name
        )
        return command


@click.group(cls=LazyGroup)
def bench() -> None:
    """Measure this machine. Each command prints its own floor or rival beside the figure."""
