"""What pages load stays small."""

import gzip
from pathlib import Path

import pytest

from portal.web.assets import BUNDLES, ROOT

MOST_SCRIPT = 10 * 1024  # octets of a file of our own (DESIGN.md, 4)
MOST_STYLE = 12 * 1024  # octets, compressed: all that visitors need


@pytest.mark.parametrize("path", sorted((ROOT / "js").glob("*.js")), ids=lambda path: path.name)
def test_a_script_of_our_own_is_small(path: Path) -> None:
    assert len(path.read_bytes()) <= MOST_SCRIPT


def test_the_style_of_public_pages_is_small() -> None:
    body = b"\n".join((ROOT / part).read_bytes() for part in BUNDLES["css/public.css"])
    assert len(gzip.compress(body, 9)) <= MOST_STYLE
