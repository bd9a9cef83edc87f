"""What holds for the shape of the code: each rule here was agreed once and need not be reviewed again."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TOP_LEVEL = {
    "LICENSE",
    "README.md",
    "e2e",
    "portal",
    "pyproject.toml",
    "rbac",
    "requirements.lock",
    "static",
    "templates",
    "tests",
}


@cache
def tracked(*folders: str) -> tuple[Path, ...]:
    """Files under version control, by their path from the top; of a copy without one, all there are."""
    listed = subprocess.run(  # noqa: S603
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split()
    if listed.returncode:
        names = [
            str(path.relative_to(ROOT))
            for folder in folders
            for path in (ROOT / folder).rglob("*")
            if path.is_file()
        ]
    return tuple(Path(name) for name in names if (ROOT / name).exists())


def modules(*folders: str) -> list[Path]:
    return [path for path in tracked(*folders) if path.suffix == ".py"]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


# ── layout ───────────────────────────────────────────────────────────────────────────────────────


def test_the_top_level_holds_what_was_agreed_and_nothing_else() -> None:
    found = {path.parts[0] for path in tracked(".") if not path.parts[0].startswith(".")}
    assert found == TOP_LEVEL


def test_no_module_is_named_for_nothing() -> None:
    empty_names = {"utils", "helpers", "common", "misc", "base", "manager"}
    assert not [
        path for path in modules("portal", "rbac", "tests", "e2e") if path.stem in empty_names
    ]


def test_no_module_has_outgrown_one_subject() -> None:
    grown = {
        str(path): lines
        for path in modules("portal", "rbac")
        if "migrations" not in path.parts and path.name != "permissions.py"
        if (lines := len((ROOT / path).read_text("utf-8").splitlines())) > 450
    }
    assert not grown


# ── what only one place may do ───────────────────────────────────────────────────────────────────

CLOCK = Path("portal/core/clock.py")


def calls(path: Path) -> Iterator[str]:
    """Every call in a module as it is written: ``datetime.now``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize(
    "ending", ["datetime.now", "datetime.today", "datetime.utcnow", "date.today"]
)
def test_only_the_clock_asks_for_the_time(ending: str) -> None:
    asking = [
        str(path)
        for path in modules("portal", "rbac")
        if path != CLOCK and any(call.endswith(ending) for call in calls(path))
    ]
    assert not asking
    assert "datetime.now" in set(calls(CLOCK)), "the control"


def test_a_transaction_is_always_our_own() -> None:
    """Piccolo's and asyncpg's own lose connections, or know no hooks (``core/db.py``)."""
    foreign = [
        f"{path}: {call}"
        for path in modules("portal", "rbac")
        for call in calls(path)
        if call.endswith((".transaction", ".atomic"))
        and call != "db.transaction"
        and path != Path("portal/core/db.py")
    ]
    assert not foreign


def test_no_role_is_named_in_code() -> None:
    """Roles, lines and amounts are policy; only the set-up gives the first three administrators theirs."""
    named = [
        f"{path}:{node.lineno} {node.value}"
        for path in modules("portal")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("role:")
        and path != Path("portal/setup.py")
        and "bench" not in path.parts
    ]
    assert not named


def test_handlers_and_structs_are_read_at_run_time() -> None:
    """Litestar and Piccolo read annotations: as strings they would be wrong late or never."""
    future = [
        str(path)
        for path in modules("portal", "rbac")
        for node in tree(path).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert not future


# ── rules ────────────────────────────────────────────────────────────────────────────────────────


def rules_modules() -> list[Path]:
    return [
        path
        for path in modules("portal/features")
        if (path.name == "rules.py" or path.parent.name == "rules") and path.name != "__init__.py"
    ]


def public(path: Path) -> set[str]:
    return {
        node.name
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


@cache
def used_by_tests() -> frozenset[str]:
    """Every name that a test takes from a module, as ``module.name``."""
    used = set()
    for path in modules("tests"):
        bound: dict[str, str] = {}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in node.names:
                    used.add(f"{node.module}.{name.name}")
                    bound[name.asname or name.name] = f"{node.module}.{name.name}"
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in bound
            ):
                used.add(f"{bound[node.value.id]}.{node.attr}")
    return frozenset(used)


@pytest.mark.parametrize("path", rules_modules(), ids=str)
def test_every_public_rule_is_taken_up_by_a_test(path: Path) -> None:
    untested = {name for name in public(path) if f"{dotted(path)}.{name}" not in used_by_tests()}
    assert not untested


@pytest.mark.parametrize("path", rules_modules(), ids=str)
def test_rules_know_no_database_no_request_and_no_clock(path: Path) -> None:
    impure = (
        "portal.web",
        "portal.core.db",
        "portal.core.clock",
        "portal.core.settings",
        "litestar",
    )
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
            assert not [name for name in names if name.startswith(impure)]


# ── templates ────────────────────────────────────────────────────────────────────────────────────


def templates() -> list[Path]:
    return [path for path in tracked("templates") if path.suffix == ".html"]


def is_page(path: Path) -> bool:
    return path.parts[1] not in ("layouts", "components") and not path.name.startswith("_")


def source(path: Path) -> str:
    """A template without its comments."""
    return re.sub(r"\{#.*?#\}", "", (ROOT / path).read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("path", [path for path in templates() if is_page(path)], ids=str)
def test_every_page_has_a_title_and_a_layout(path: Path) -> None:
    text = source(path).lstrip()
    assert re.match(r'\{% extends "layouts/\w+\.html" %\}', text)
    title = re.search(r"\{% block title %\}(.*?)\{% endblock title %\}", text, re.DOTALL)
    assert title
    assert title[1].strip()


@pytest.mark.parametrize("path", templates(), ids=str)
def test_no_template_needs_what_our_content_policy_forbids(path: Path) -> None:
    text = source(path)
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>(?!</script>)", text), "a script of its own"
    assert not re.search(r"<style\b|\sstyle=", text), "a style of its own"
    assert not re.search(r"\son(click|change|submit|load|input|key\w+|focus|blur)=", text)
    assert not re.search(r"(href|src|action)=[\"']?(https?:)?//", text), "another host"


@pytest.mark.parametrize("path", templates(), ids=str)
def test_what_scrolls_sideways_is_reached_by_the_keyboard(path: Path) -> None:
    """A table that may be wider than its place comes from ``components/table.html``."""
    bare = [
        box
        for box in re.findall(r"<div[^>]*table-wrap[^>]*>", source(path))
        if "tabindex=" not in box
    ]
    assert not bare


@pytest.mark.parametrize("path", templates(), ids=str)
def test_every_form_that_changes_something_carries_the_token(path: Path) -> None:
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", source(path), re.DOTALL):
        if 'action="/preferences"' in form:
            continue  # cached pages carry it, it changes a cookie only
        assert re.search(r"hidden_fields\(|csrf\(\)|_csrf_token", form), form[:200]
