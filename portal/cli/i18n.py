"""``portal i18n``: Chinese and English are both complete, or the command says where not."""

import io
import sys
from typing import Any

import rich_click as click
from babel.messages.pofile import write_po

from portal.cli import translations
from portal.cli.database import run
from portal.core import db


@click.group()
def i18n() -> None:
    """The texts of the two languages."""


@i18n.command()
@click.option(
    "--data", is_flag=True, help="Look into the database too: names in one language only."
)
def check(*, data: bool) -> None:
    """Compare the texts of templates and code with the Chinese catalogues; exit 1 with one line for each fault."""
    found = translations.problems()
    if data:
        found += run(half_translated)
    for line in found:
        click.echo(line, err=True)
    if found:
        sys.exit(1)
    click.echo(f"{len(translations.texts())} texts, each in Chinese and English")


@i18n.command()
def missing() -> None:
    """Print the texts without Chinese as a po file to fill in."""
    buffer = io.BytesIO()
    write_po(buffer, translations.skeleton(), sort_by_file=True, width=100, omit_header=True)
    click.echo(buffer.getvalue().decode(), nl=False)


PAIRS = """
SELECT zh.table_name AS of, left(zh.column_name, -3) AS stem FROM information_schema.columns zh
JOIN information_schema.columns en USING (table_schema, table_name)
WHERE zh.table_schema = current_schema() AND right(zh.column_name, 3) = '_zh'
AND en.column_name = left(zh.column_name, -3) || '_en' ORDER BY 1, 2
"""
LONELY = """
SELECT id, "{stem}_zh" AS zh, "{stem}_en" AS en FROM "{of}"
WHERE (coalesce("{stem}_zh", '') = '') <> (coalesce("{stem}_en", '') = '') ORDER BY id
"""
LONELY_SETTINGS = """
SELECT left(name, -3) AS stem, max(value #>> '{}') FILTER (WHERE right(name, 3) = '_zh') AS zh,
max(value #>> '{}') FILTER (WHERE right(name, 3) = '_en') AS en
FROM site_setting WHERE right(name, 3) IN ('_zh', '_en') GROUP BY 1 ORDER BY 1
"""


async def half_translated() -> list[str]:
    """Rows and settings with a text in one language and none in the other, in whatever table has such pairs."""
    found = [
        f"{pair['of']} {row['id']}: {_lacks(pair['stem'], row)}"
        for pair in await db.fetch(PAIRS)
        for row in await db.fetch(LONELY.format(**pair))
    ]
    found += [
        f"site_setting: {_lacks(row['stem'], row)}"
        for row in await db.fetch(LONELY_SETTINGS)
        if bool(row["zh"]) != bool(row["en"])
    ]
    return found


def _lacks(stem: str, row: Any) -> str:
    return f"no {stem}_{'en' if row['zh'] else 'zh'} beside {row['zh'] or row['en']!r}"
