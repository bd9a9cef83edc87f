"""Token buckets: a burst at once, then so many a second, each key apart."""

import pytest

from portal.web import ratelimit
from portal.web.ratelimit import Buckets


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_burst_passes_and_then_one_for_each_while() -> None:
    watch = Watch()
    buckets = Buckets(burst=3, per_second=0.5, clock=watch)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]
    assert buckets.take("b") == 0, "another one has a bucket of their own"
    watch.seconds = 1
    assert buckets.take("a") == 1
    watch.seconds = 2.01
    assert buckets.take("a") == 0
    assert buckets.take("a") == 2
    watch.seconds = 1000
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2], "no more than a burst is saved up"


def test_asking_in_vain_does_not_lengthen_the_wait() -> None:
    watch = Watch()
    buckets = Buckets(burst=1, per_second=0.1, clock=watch)
    buckets.take("a")
    for second in range(1, 10):
        watch.seconds = second
        assert buckets.take("a") == max(1, 10 - second)
    watch.seconds = 10.1
    assert buckets.take("a") == 0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratelimit, "MAX_KEYS", 10)
    buckets = Buckets(burst=1, per_second=0.001)
    for number in range(1000):
        assert buckets.take(str(number)) == 0
        assert len(buckets._left) <= 10
