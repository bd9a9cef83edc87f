import pytest

from portal.web.pagination import MAX_PAGE, PAGE_SIZE, Page, page_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (None, 1),
        ("", 1),
        ("0", 1),
        ("1", 1),
        ("17", 17),
        ("2000", 2000),
        ("2001", MAX_PAGE),
        ("-3", 1),
        ("1e3", 1),
        ("²", 1),
        ("9" * 5000, 1),
        ("'; DROP TABLE slot", 1),
    ],
)
def test_nonsense_is_the_first_page(text: str | None, number: int) -> None:
    assert page_number(text) == number


def test_one_row_too_many_is_asked_for_so_that_nothing_is_counted() -> None:
    page = Page(3)
    assert (page.offset, page.limit) == (2 * PAGE_SIZE, PAGE_SIZE + 1)
    assert Page(1).offset == 0
