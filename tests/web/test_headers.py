from portal.web.headers import standard_headers
from tests.browser import Browser


async def test_every_answer_carries_the_standard_headers(visitor: Browser) -> None:
    expected = {name.decode(): value.decode() for name, value in standard_headers(secure=False)}
    for path in ("/", "/nothing", "/static/icons/favicon.svg", "/desk"):
        assert expected.items() <= dict((await visitor.get(path)).headers).items(), path
    assert expected.items() <= dict((await visitor.delete("/")).headers).items()


def test_forms_sent_without_a_script_carry_their_origin() -> None:
    """Under no-referrer a browser sends ``Origin: null`` and the form would be refused as forged."""
    assert dict(standard_headers(secure=False))[b"referrer-policy"] == b"same-origin"


def test_hsts_only_where_visitors_come_by_https() -> None:
    name = b"strict-transport-security"
    assert name in dict(standard_headers(secure=True))
    assert name not in dict(standard_headers(secure=False))
