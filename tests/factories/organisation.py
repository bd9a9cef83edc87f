"""The demo's organisation: units, posts, and people who hold them as the demo policy's lines have it."""

from datetime import date
from uuid import uuid4

from portal.core import clock, db
from portal.demo import POSTS
from portal.features.people.organisation import posts
from portal.features.people.organisation.proposal import Proposal
from tests.factories.people import an_account

DEPARTMENT = tuple(username for username, *_rest in POSTS[:19])
NAMES = {
    "proc1": "周采薇",
    "manager.systems": "沈亦舟",
    "manager.procurement": "方知远",
    "director": "陆景行",
}


async def an_organisation(*usernames: str) -> None:
    """Everybody of the demo, or these, with an account and a post."""
    await posts.ensure_shipped()
    for username, post, days in POSTS:
        if usernames and username not in usernames:
            continue
        if not await db.fetchval(
            "SELECT EXISTS (SELECT FROM account WHERE username = $1)", username
        ):
            await an_account(username, name=NAMES.get(username, username))
        since = clock.today() - date.resolution * days
        await posts.place(username, post, since)


async def post_id(code: str) -> int:
    return int(await db.fetchval("SELECT id FROM post WHERE code = $1", code))


async def a_move(  # noqa: PLR0917  a test says what it is about
    person: str = "proc1",
    post: str = "specialist_operations",
    superior: str | None = "manager.systems",
    duals: tuple[str, ...] = ("director",),
    on: date | None = None,
    heir: str | None = None,
) -> Proposal:
    """A specialist of procurement goes to operations."""
    day = on or clock.today()
    return Proposal(
        "transfer",
        person,
        day,
        "short of hands",
        uuid4(),
        None,
        await post_id(post),
        superior,
        duals,
        None,
        heir,
    )
