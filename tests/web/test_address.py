import re

import pytest

from portal.web.address import in_language
from tests.browser import Browser


@pytest.mark.parametrize(
    ("address", "language", "expected"),
    [
        ("/", "en", "/?lang=en"),
        ("/book?date=2026-10-01", "en", "/book?date=2026-10-01&lang=en"),
        ("/book?lang=en&date=2026-10-01", "zh", "/book?date=2026-10-01&lang=zh"),
        ("/orders/0AB?key=a-b_c&lang=en&lang=en", "zh", "/orders/0AB?key=a-b_c&lang=zh"),
        ("/audit?act=&subject=%E9%99%86", "en", "/audit?act=&subject=%E9%99%86&lang=en"),
        ("/x?q=a%26b%3Dc", "zh", "/x?q=a%26b%3Dc&lang=zh"),
    ],
)
def test_the_other_language_keeps_what_else_the_address_says(
    address: str, language: str, expected: str
) -> None:
    assert in_language(address, language) == expected


def switch(html: str) -> str:
    found = re.search(r'class="to-lang" href="([^"]*lang=(?:zh|en))"', html)
    assert found
    return found[1].replace("&amp;", "&")


async def test_the_switch_leads_to_the_same_page_and_is_remembered(visitor: Browser) -> None:
    chinese = (await visitor.get("/orders?from=mail")).text
    assert '<html lang="zh-CN"' in chinese
    assert switch(chinese) == "/orders?from=mail&lang=en"
    english = (await visitor.get(switch(chinese))).text
    assert '<html lang="en"' in english
    assert switch(english) == "/orders?from=mail&lang=zh"
    assert '<html lang="en"' in (await visitor.get("/help")).text  # by the cookie


async def test_a_form_sent_back_with_errors_leads_to_a_page_that_can_be_read(
    visitor: Browser,
) -> None:
    refused = await visitor.post_form("/orders", {"code": "?"})
    assert refused.status_code == 422
    assert switch(refused.text) == "/orders?lang=en"
    token = await visitor.token()
    lost = await visitor.post("/orders/none/pay?key=k", data={"_csrf_token": token})
    assert lost.status_code == 404
    assert switch(lost.text) == "/orders/none?key=k&lang=en"
    assert switch((await visitor.post("/pay")).text) == "/?lang=en"
