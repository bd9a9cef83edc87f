"""Static files: named by their content, compressed once, never outside their folder."""

import gzip
from pathlib import Path

import brotli
import pytest

from portal.web.assets import Assets
from tests.browser import Browser


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "tokens.css").write_text(":root { --paper: #faf8f3 }\n" * 50)
    (tmp_path / "css" / "print.css").write_text("@media print {}\n")
    (tmp_path / "small.js").write_text("1")
    (tmp_path / "picture.png").write_bytes(bytes(2000))
    (tmp_path / "README.md").write_text("not served")
    return tmp_path


def test_a_name_carries_the_hash_of_its_content(folder: Path) -> None:
    before = Assets(folder)
    url = before.url("css/tokens.css")
    assert url.startswith("/static/css/tokens.")
    assert before.find(url.removeprefix("/static/")) == (before.by_path["css/tokens.css"], True)
    assert before.find("css/tokens.css") == (before.by_path["css/tokens.css"], False)
    (folder / "css" / "tokens.css").write_text("changed")
    after = Assets(folder)
    assert after.url("css/tokens.css") != url
    assert after.find(url.removeprefix("/static/")) is None
    assert after.url("small.js") == before.url("small.js")


def test_style_sheets_are_one_file(folder: Path) -> None:
    bundle = Assets(folder).by_path["css/public.css"].body.decode()
    assert bundle.index("--paper") < bundle.index("@media print")


def test_the_smallest_form_that_is_taken_is_sent(folder: Path) -> None:
    found = Assets(folder)
    sheet = found.by_path["css/tokens.css"]
    for accepted, encoding, unpack in (
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
    ):
        body, sent = sheet.best(accepted)
        assert sent == encoding
        assert unpack(body) == sheet.body
        assert len(body) < len(sheet.body)
    assert sheet.best("") == (sheet.body, None)
    assert found.by_path["small.js"].best("br, gzip") == (b"1", None)
    assert found.by_path["picture.png"].best("br, gzip")[1] is None


def test_types_are_told_with_their_charset(folder: Path) -> None:
    found = Assets(folder)
    assert found.by_path["css/tokens.css"].media_type == "text/css; charset=utf-8"
    assert found.by_path["small.js"].media_type.endswith("javascript; charset=utf-8")
    assert found.by_path["picture.png"].media_type == "image/png"


def test_what_no_page_may_name_is_not_there(folder: Path) -> None:
    found = Assets(folder)
    assert "README.md" not in found.by_path
    with pytest.raises(KeyError):
        found.url("css/missing.css")


async def test_a_hashed_file_may_be_kept_for_a_year(visitor: Browser) -> None:
    page = (await visitor.get("/login")).text
    start = page.index("/static/css/")
    hashed = page[start : page.index('"', start)]
    kept = await visitor.get(hashed)
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = await visitor.get("/static/css/public.css")
    assert plain.headers["cache-control"] == "public, max-age=3600"
    icon = await visitor.get("/favicon.ico")
    assert icon.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "nothing.css",
        "../pyproject.toml",
        "..%2Fpyproject.toml",
        "%2e%2e/%2e%2e/etc/passwd",
        "css/../../portal/app.py",
        "/etc/passwd",
        "css",
        "",
        "vendor/README.md",
        "css/public.css%00.png",
    ],
)
async def test_nothing_outside_the_folder_is_served(visitor: Browser, path: str) -> None:
    assert (await visitor.get(f"/static/{path}")).status_code == 404
