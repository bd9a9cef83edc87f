"""``portal bench``: the figures this machine reaches, in one run each, with what they are compared to."""

import rich_click as click


@click.group()
def bench() -> None:
    """Measure this machine. Each command prints its own floor or rival beside the figure."""
