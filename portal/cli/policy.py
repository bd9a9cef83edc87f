"""``portal policy``."""

import rich_click as click


@click.group()
def policy() -> None:
    """The permission policy."""
