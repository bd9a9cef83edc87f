"""Who acts, from where; and what of it may be kept (RK-6)."""

import pytest

from portal.core import audit, db
from portal.core.context import Act, network_of, set_act


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:12:3456::789", "2001:db8:12::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("127.0.0.1", "127.0.0.0/24"),
        ("", ""),
        ("testclient", ""),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.charter("AU-1")
async def test_the_trail_keeps_the_address_of_staff(database: None) -> None:
    set_act(Act("director", 7, "203.0.113.77", "abc"))
    await audit.refused("settings:edit", "setting", 1)
    assert await db.fetchval("SELECT address FROM audit_entry") == "203.0.113.77"
