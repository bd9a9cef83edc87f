"""Error pages: whole for a browser, a fragment for htmx that never takes the place of a form."""

import pytest

from tests.browser import HTMX, Browser


@pytest.mark.parametrize("headers", [{}, HTMX])
async def test_an_error_is_marked_as_one(visitor: Browser, headers: dict[str, str]) -> None:
    answer = await visitor.get("/nowhere", headers=headers)
    assert answer.status_code == 404
    assert "data-error" in answer.text
    assert ("<html" in answer.text) == (headers == {})
    assert ("<h1>" in answer.text) == (headers == {})  # inside a page there is one already


async def test_a_request_without_a_token_says_so_in_place(visitor: Browser) -> None:
    answer = await visitor.post("/orders", data={"code": "x"}, headers=HTMX)
    assert answer.status_code == 403
    assert "data-error" in answer.text
    assert "<html" not in answer.text


async def test_a_remembered_page_is_html(visitor: Browser) -> None:
    for _time in range(2):
        assert (await visitor.get("/")).headers["content-type"] == "text/html; charset=utf-8"
