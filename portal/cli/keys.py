"""``portal keys``: what the key file holds, and new keys in the place of old ones."""

import rich_click as click

from portal.cli.database import run
from portal.core import audit, db
from portal.core.crypto import vault
from portal.core.keyring import keyring, reread
from portal.core.keyring import rotate as add_keys
from portal.core.settings import settings


@click.group()
def keys() -> None:
    """The keys that encrypt visitors' data and sign their tickets.

    They lie in PORTAL_KEY_FILE, apart from the database. The file is worth as much as the data: without it no backup
    can be read. No key is ever printed.
    """


@keys.command("list")
def list_keys() -> None:
    """Name the keys, which of them are in use, and how many data keys each has wrapped."""
    wrapped = run(_wrapped)
    held = keyring()
    for key_id in held.wrapping:
        mark = ", in use" if key_id == held.wrapping_active else ""
        click.echo(f"wrapping key {key_id}: {wrapped.get(key_id, 0)} data keys{mark}")
    for ticket_id in held.ticket:
        click.echo(f"ticket key {ticket_id}{', in use' if ticket_id == held.ticket_active else ''}")


@keys.command()
@click.option(
    "--no-rewrap",
    is_flag=True,
    help="Add the keys only; wrap the data keys later with `portal keys rewrap`.",
)
def rotate(*, no_rewrap: bool) -> None:
    """Put new keys in use: one that wraps the data keys, one that signs tickets.

    The new keys are added to the key file, then every data key is wrapped with the new wrapping key, in one
    transaction. What was encrypted before is not touched and opens as before; tickets that were signed before stay
    valid. A portal that runs uses the new keys from then on, and after a restart in any case: /readyz names them.

    The old keys stay in the file. They read older backups and older tickets; keep a copy of the new file with the
    next backup.

    Several machines: run this with --no-rewrap on one of them, copy the key file to all others, then run
    `portal keys rewrap` on one. A machine without the new key could not read what it wraps.

    Interrupted? The file is written whole or not at all; `portal keys rewrap` does what was left. The index key and
    the token key are not changed: blind indexes and the links of orders are made from them.
    """
    added = run(lambda: put_new_keys(rewrap=not no_rewrap))
    click.echo(added)


@keys.command()
def rewrap() -> None:
    """Wrap the data keys with the newest wrapping key of the key file; a repeat changes nothing."""
    click.echo(_said(run(wrap_anew)))


async def put_new_keys(*, rewrap: bool) -> str:
    """The database is at hand before the file is changed."""
    wrapping_id, ticket_id = add_keys(settings().key_file)
    vault().keyring = reread()
    async with db.transaction():
        audit.record("keys:rotate", "key_file", wrapping_id, wrapping=wrapping_id, ticket=ticket_id)
    done = f"wrapping key {wrapping_id} and ticket key {ticket_id} were added"
    if not rewrap:
        return f"{done}; they are used after a restart, or from `portal keys rewrap` on"
    return f"{done} and are in use; {_said(await wrap_anew())}"


async def wrap_anew() -> tuple[int, str]:
    newest = keyring().wrapping_active
    async with db.transaction():
        changed = await vault().rewrap()
        if changed:
            audit.record("keys:rotate", "data_key", newest, rewrapped=changed)
    return changed, newest


def _said(done: tuple[int, str]) -> str:
    changed, newest = done
    return f"{changed} data keys were wrapped with {newest}"


async def _wrapped() -> dict[str, int]:
    rows = await db.fetch(
        "SELECT wrapping_key, count(*)::int AS n FROM data_key WHERE destroyed_at IS NULL GROUP BY 1"
    )
    return {row["wrapping_key"]: row["n"] for row in rows}
