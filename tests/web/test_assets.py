"""What pages load: our own scripts stay small, and a name with a hash belongs to one content."""

import gzip
from pathlib import Path

import pytest

from portal.web.assets import BUNDLES, ROOT, Assets

MOST_SCRIPT = 10 * 1024  # octets of a file of our own (DESIGN.md, 4)
MOST_STYLE = 12 * 1024  # octets, compressed: all that visitors need


@pytest.mark.parametrize("path", sorted((ROOT / "js").glob("*.js")), ids=lambda path: path.name)
def test_a_script_of_our_own_is_small(path: Path) -> None:
    assert len(path.read_bytes()) <= MOST_SCRIPT


def test_the_style_of_public_pages_is_small() -> None:
    body = b"\n".join((ROOT / part).read_bytes() for part in BUNDLES["css/public.css"])
    assert len(gzip.compress(body, 9)) <= MOST_STYLE


def test_a_hashed_name_is_found_and_is_for_ever() -> None:
    assets = Assets()
    url = assets.url("js/app.js")
    found = assets.find(url.removeprefix("/static/"))
    assert found is not None
    assert found[1]
    assert assets.find("js/app.js") == (found[0], False)
    assert assets.find("js/none.js") is None
