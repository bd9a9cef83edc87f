"""The address of the page that somebody looks at, and of the same page in the other language."""

import re
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

_PARAMETER: Final = re.compile(r"\\\{.*?\\\}")


def here(request: Any) -> str:
    """Where a reload leads: a page that answers a POST is looked at again at, or above, its own path."""
    path = str(request.scope["path"])
    if request.scope["method"] not in ("GET", "HEAD"):
        pages = _pages(request.app)
        while path and not any(page.fullmatch(path) for page in pages):
            path = path.rpartition("/")[0]
    query = request.scope["query_string"].decode("latin-1")
    return (path or "/") + (f"?{query}" if query else "")


def in_language(address: str, language: str) -> str:
    """The address with its other parameters kept: an order's key, a day, a filter."""
    path, _mark, query = address.partition("?")
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "lang"]
    return f"{path}?{urlencode([*kept, ('lang', language)])}"


@cache
def _pages(app: Any) -> tuple[re.Pattern[str], ...]:
    """The paths that answer GET."""
    return tuple(
        re.compile(_PARAMETER.sub("[^/]+", re.escape(route.path_format)))
        for route in app.routes
        if "GET" in getattr(route, "methods", ())
    )
