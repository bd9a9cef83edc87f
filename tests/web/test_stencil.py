import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from portal.web.stencil import Stencil
from tests.browser import Browser
from tests.factories.catalogue import a_slot

PAGE = (
    '<h1>山门</h1><input name="a" value="\x02a\x02"><p>\x02b\x02</p>\x02a\x02<footer>end</footer>'
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)


def rendered(a: str, b: str) -> bytes:
    return PAGE.replace("\x02a\x02", escape(a)).replace("\x02b\x02", escape(b)).encode()


@given(TEXTS, TEXTS)
def test_a_filled_stencil_is_the_page_that_a_template_would_have_made(a: str, b: str) -> None:
    stencil = Stencil(PAGE, 1)
    texts = stencil.texts({"a": a, "b": b})
    assert stencil.plain(texts) == rendered(a, b)
    assert gzip.decompress(stencil.gzipped(texts)) == rendered(a, b)


@pytest.mark.parametrize("length", [0, 1, 65_535, 65_536, 200_000])
def test_a_text_longer_than_a_block_is_compressed_whole(length: int) -> None:
    stencil = Stencil(PAGE, 1)
    texts = stencil.texts({"a": "x" * length})
    assert gzip.decompress(stencil.gzipped(texts)) == stencil.plain(texts)


def test_browsers_that_read_as_it_comes_can_read_it_too() -> None:
    stencil = Stencil(PAGE, 1)
    reader = zlib.decompressobj(wbits=31)
    body = stencil.gzipped(stencil.texts({"a": "<b>", "b": "二"}))
    read = b"".join(reader.decompress(body[at : at + 1]) for at in range(len(body)))
    assert reader.eof
    assert read == rendered("<b>", "二")


def test_what_a_reader_typed_cannot_open_another_hole() -> None:
    stencil = Stencil(PAGE, 1)
    assert b"secret" not in stencil.plain(stencil.texts({"a": "\x02b\x02", "b": ""}))
    assert stencil.plain(stencil.texts({"a": "\x02b\x02", "b": "secret"})).count(b"secret") == 1


async def test_each_reader_gets_the_own_words_back(new_browser: Callable[[], Browser]) -> None:
    slot = (await a_slot()).id
    for name in ("王小明", "<b>O’Neill & Söhne</b>", "王小明"):
        typed = {"visitors-0-name": name, "visitors-0-id_number": "12", "contact_phone": "1"}
        answer = await new_browser().post_form(f"/book/{slot}", typed, action=f"/book/{slot}")
        assert answer.status_code == 422
        assert f'value="{escape(name)}"' in answer.text
        assert answer.text.count("aria-invalid") >= 2
        for other in {"王小明", "O’Neill"} - {name[3:10]} - {name}:
            assert other not in answer.text
