"""The benchmark of the policy says only what it measured, on answers that stock Casbin gives too."""

import re

import pytest
from click.testing import CliRunner

from portal.cli.bench import bench, policy
from rbac.enforcer import Reference

SMALL = (
    "policy --rules 300 --people 120 --lines 1000 --decisions 1000 --stock 3 --releases 0".split()  # noqa: SIM905
)


def test_every_figure_is_printed_in_one_run() -> None:
    done = CliRunner().invoke(bench, SMALL)
    assert done.exit_code == 0, done.output
    assert re.search(r"^a decision +[\d.]+ µs", done.output, re.MULTILINE)
    assert re.search(r"^the first of a person +[\d.]+ ms", done.output, re.MULTILINE)
    assert re.search(r"^load 1,000 lines +[\d.]+ s", done.output, re.MULTILINE)
    assert re.search(r"^stock Enforcer.enforce +[\d.]+ ms", done.output, re.MULTILINE)
    ratio = re.search(r"^ratio +([\d,]+)", done.output, re.MULTILINE)
    assert ratio
    assert int(ratio[1].replace(",", "")) > 1


def test_a_figure_for_a_wrong_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(Reference):
        def allows(self, *asked: object) -> bool:
            return not super().allows(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(policy, "Reference", Wrong)
    done = CliRunner().invoke(bench, SMALL)
    assert done.exit_code == 1
    assert "disagree" in done.output
