"""Sign-in, one's own account, and everybody's accounts for the system administrator."""

from typing import Final

from portal.features.people.pages import accounts, own, passkeys

ROUTES: Final = (*own.ROUTES, *passkeys.ROUTES, *accounts.ROUTES)
