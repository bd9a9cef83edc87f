"""Two changes of the same lines put together: nothing of either is lost (PO-4)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.features.policy.rebasing import merged
from portal.features.policy.review import LineDifference, Said

pytestmark = pytest.mark.charter("PO-4")

LINES = st.lists(st.sampled_from("abcdefghijkl"), unique=True, max_size=12)


@given(LINES, LINES, LINES)
@settings(max_examples=300, deadline=None)
def test_nothing_of_either_is_lost(base: list[str], mine: list[str], theirs: list[str]) -> None:
    lines, missing = merged(base, mine, theirs)
    assert len(lines) == len(set(lines))
    removed = set(base) - set(mine)
    added = set(mine) - set(base)
    assert set(lines) == (set(theirs) - removed) | added
    assert set(missing) == removed - set(theirs)
    kept = [line for line in lines if line in theirs]
    assert kept == [line for line in theirs if line in kept], "their order stands"


@given(LINES, LINES)
@settings(max_examples=200, deadline=None)
def test_alone_each_stands_as_it_was(base: list[str], changed: list[str]) -> None:
    order = [line for line in base if line in changed] + [
        line for line in changed if line not in base
    ]
    assert merged(base, base, changed) == (changed, [])
    assert merged(base, order, base)[0] == order


def test_a_new_line_comes_back_where_it_stood() -> None:
    lines, missing = merged(["a", "b", "c"], ["a", "x", "c"], ["a", "B", "c", "d"])
    assert (lines, missing) == (["a", "x", "B", "c", "d"], ["b"])


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        (
            "if the amount is less than ¥100,000.00.",
            "if the amount is less than ¥200,000.00.",
            ("if the amount is less than ¥", "100,000.00.", ""),
        ),
        (
            "韩子墨以实线向沈亦舟汇报。",
            "韩子墨以实线向方知远汇报。",
            ("韩子墨以实线向", "沈亦舟", "汇报。"),
        ),
        ("a b", "a b c", ("a b", "", "")),
        ("aa", "aa", ("aa", "", "")),
    ],
)
def test_what_differs_is_marked_and_words_stay_whole(
    before: str, after: str, parts: tuple[str, str, str]
) -> None:
    pair = LineDifference(Said(before, ""), Said(after, ""))
    assert pair.parts[0] == parts
    assert ["".join(each) for each in pair.parts] == [before, after]
