from portal.core.migrate import sql_migration

ID = "2026-11-25T02:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "prices of which the largest party's sum can be stored"

SQL = """
-- rules/prices.py, LARGEST_PRICE. What was published before stays as it was: NOT VALID holds for what is new.
ALTER TABLE price ADD CONSTRAINT price_fits_an_order CHECK (fen <= 10000000) NOT VALID;
"""


async def forwards():
    return sql_migration("catalogue", ID, DESCRIPTION, SQL)
