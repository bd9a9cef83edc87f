"""Piccolo's tables are what the migrations really made: the DDL is SQL, so nothing else would notice."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import Array, ForeignKey, Serial
from piccolo.table import Table

from portal.core import db
from portal.registry import PICCOLO_APPS

FEATURES = Path(__file__).parents[2] / "portal" / "features"

#: What PostgreSQL calls the types that Piccolo writes.
NAMES = {
    "SERIAL": "integer",
    "BIGSERIAL": "bigint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "SMALLINT": "smallint",
    "TEXT": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time without time zone",
    "TIMESTAMPTZ": "timestamp with time zone",
    "UUID": "uuid",
    "BYTEA": "bytea",
    "JSONB": "jsonb",
}


def tables() -> list[type[Table]]:
    found = []
    for path in sorted(FEATURES.glob("*/tables.py")):
        module = import_module(f"portal.features.{path.parent.name}.tables")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Table) and value is not Table
        ]
    return found


def type_of(column: Any) -> str:
    if isinstance(column, Array):
        return f"{type_of(column.base_column)}[]"
    if isinstance(column, ForeignKey):
        target = column._foreign_key_meta.resolved_references
        return type_of(target._meta.primary_key)
    return NAMES[column.column_type.partition("(")[0]]


@pytest.mark.parametrize("table", tables(), ids=lambda table: table._meta.tablename)
async def test_a_table_has_the_columns_that_the_migrations_made(
    table: type[Table], database: None
) -> None:
    rows = await db.fetch(
        "SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS optional, "
        "EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = a.attrelid AND c.contype = 'f' "
        "AND a.attnum = ANY (c.conkey)) AS foreign "
        "FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped",
        table._meta.tablename,
    )
    real = {row["name"]: (row["type"], row["optional"], row["foreign"]) for row in rows}
    described = {
        column._meta.db_column_name: (
            type_of(column),
            column._meta.null,
            isinstance(column, ForeignKey),
        )
        for column in table._meta.columns
    }
    assert described == real
    (key,) = [column for column in table._meta.columns if column._meta.primary_key]
    assert isinstance(key, Serial), "written out: type checkers know no implied id"


def test_there_are_tables_to_compare() -> None:
    """The control of the search above."""
    assert {"slot", "product"} <= {table._meta.tablename for table in tables()}


def test_every_app_with_migrations_is_registered() -> None:
    folders = {path.parent.name for path in FEATURES.glob("*/piccolo_app.py")}
    registered = {name.split(".")[-2] for name in PICCOLO_APPS}
    assert registered == folders | {"core"}
