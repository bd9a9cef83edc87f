import pytest

from tests.browser import Browser


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/healthz", 200), ("/nothing", 404)])
async def test_headers_can_be_asked_for_without_the_page(
    visitor: Browser, path: str, status: int
) -> None:
    whole, head = await visitor.get(path), await visitor.head(path)
    assert (head.status_code, head.content) == (status, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["content-security-policy"]
