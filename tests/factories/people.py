"""People and accounts."""

from functools import cache

from portal.core import db
from portal.features.people import passwords, service
from portal.web.session import sessions

PASSWORD = "quiet-mountain-gate"


@cache
def _digest(password: str) -> str:
    return passwords.hashed(password)


async def an_account(
    username: str = "director",
    *,
    name: str = "陆景行",
    password: str = PASSWORD,
    must_change: bool = False,
) -> int:
    """A person with an account; returns the person's id. Whom the demo policy knows by name has its roles."""
    return await service.insert(username, name, _digest(password), must_change=must_change)


async def signed_in(username: str = "director") -> str:
    """The cookie of a new session of this person, whose account is made when there is none."""
    person = await db.fetchval("SELECT person FROM account WHERE username = $1", username)
    if person is None:
        person = await an_account(username)
    async with db.transaction():
        return await sessions().open(person, address="192.0.2.1", agent="test")
