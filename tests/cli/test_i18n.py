"""``portal i18n``: exit codes and what it says."""

import pytest
from click.testing import CliRunner

from portal.cli import translations
from portal.cli.i18n import half_translated, i18n
from portal.core import db
from tests.factories.catalogue import a_product


def test_a_complete_tree_is_good() -> None:
    result = CliRunner().invoke(i18n, ["check"])
    assert result.exit_code == 0
    assert "each in Chinese and English" in result.stdout


def test_each_fault_is_a_line_and_the_command_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = ["a.html:1: no Chinese for 'A'", "b.po:2: nothing says 'B' any more"]
    monkeypatch.setattr(translations, "problems", lambda: faults)
    result = CliRunner().invoke(i18n, ["check"])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == faults


def test_nothing_missing_prints_nothing() -> None:
    result = CliRunner().invoke(i18n, ["missing"])
    assert (result.exit_code, result.stdout.strip()) == (0, "")


@pytest.mark.usefixtures("database")
async def test_rows_and_settings_in_one_language_only_are_found() -> None:
    await a_product()
    assert await half_translated() == []
    await db.execute("UPDATE product SET summary_zh = '古道与云海', summary_en = ''")
    await db.execute("""INSERT INTO site_setting (name, value, changed_by) VALUES
        ('site.banner_en', '"Open again"', 'x'), ('site.address_zh', '""', 'x')""")
    found = await half_translated()
    assert len(found) == 2
    assert "no summary_en beside '古道与云海'" in found[0]
    assert found[1] == "site_setting: no site.banner_zh beside 'Open again'"
