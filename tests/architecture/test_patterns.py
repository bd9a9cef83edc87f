"""Each component has an example on the pattern page, and visitors never see that page."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from jinja2 import Environment, nodes

from portal import patterns
from portal.core.settings import settings
from portal.web.templating import ROOT, environment
from tests.browser import Browser

SHOWN_ON: Final = ("patterns.html", "layouts/public.html")
COMPONENTS = sorted((ROOT / "components").glob("*.html"))


def parsed(path: Path) -> nodes.Template:
    made: Environment = environment()
    return made.parse(path.read_text("utf-8"))


def calls(tree: nodes.Node) -> set[str]:
    return {
        call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)
    }


def shown(path: Path) -> set[str]:
    """The macros of a component that the pattern page or its frame calls, and those that they call in their turn."""
    wanted: set[str] = set()
    for page in (parsed(ROOT / name) for name in SHOWN_ON):
        for line in page.find_all(nodes.FromImport):
            template = line.template
            if isinstance(template, nodes.Const) and template.value == f"components/{path.name}":
                wanted |= {name for name in line.names if isinstance(name, str)} & calls(page)
    macros = {macro.name: calls(macro) for macro in parsed(path).find_all(nodes.Macro)}
    found: set[str] = set()
    while wanted - found:
        found |= wanted
        wanted = set().union(*(macros.get(one, set()) for one in found)) & macros.keys()
    return found


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_each_macro_has_an_example(path: Path) -> None:
    macros = {macro.name for macro in parsed(path).find_all(nodes.Macro)}
    assert macros - shown(path) == set()


async def test_the_pattern_page_is_for_development(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await visitor.get("/patterns")).status_code == 404
    developing = replace(settings(), development=True)
    monkeypatch.setattr(patterns, "settings", lambda: developing)
    for lang in ("zh", "en"):
        answer = await visitor.get(f"/patterns?lang={lang}")
        assert answer.status_code == 200
        assert 'aria-invalid="true"' in answer.text
