import pytest

from portal.web.prefs import Prefs, decode
from tests.browser import HTMX, Browser


@pytest.mark.parametrize(
    ("cookie", "prefs"),
    [
        (None, Prefs("normal", "auto")),
        ("", Prefs("normal", "auto")),
        ("large-dark", Prefs("large", "dark")),
        ("large", Prefs("large", "auto")),
        ("huge-dark", Prefs("normal", "dark")),
        ("large-neon", Prefs("large", "auto")),
        ("normal-light-x", Prefs("normal", "auto")),
        ('"><script>', Prefs("normal", "auto")),
    ],
)
def test_anything_unknown_is_the_default(cookie: str | None, prefs: Prefs) -> None:
    assert decode(cookie) == prefs
    assert decode(prefs.encode()) == prefs


async def test_preferences_are_kept_one_at_a_time_without_an_account(visitor: Browser) -> None:
    answer = await visitor.post("/preferences", data={"text": "large", "next": "/help?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/help?x=1")
    await visitor.post("/preferences", data={"theme": "dark"})
    page = (await visitor.get("/login")).text
    assert 'data-text="large"' in page
    assert 'data-theme="dark"' in page
    htmx = await visitor.post("/preferences", data={"text": "normal"}, headers=HTMX)
    assert htmx.headers["hx-redirect"] == "/"
    assert 'data-text="normal"' in (await visitor.get("/login")).text


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "javascript:x"])
async def test_preferences_lead_nowhere_else(visitor: Browser, where: str) -> None:
    answer = await visitor.post("/preferences", data={"text": "large", "next": where})
    assert answer.headers["location"] == "/"
