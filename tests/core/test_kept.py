"""Values that many requests share for some seconds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from apps.core.kept import KeptMany


@pytest.fixture(autouse=True)
def kept(settings: Any) -> None:
    settings.KEEP_LISTS = True


class Doubles:
    """What was asked of it, and its answers."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __call__(self, keys: Collection[int]) -> dict[int, int]:
        self.asked.append(list(keys))
        return {key: 2 * key for key in keys}


def test_only_what_is_missing_is_made_and_all_of_it_together() -> None:
    doubles = Doubles()
    many = KeptMany(doubles, seconds=60, most=10)
    assert many.get([1, 2]) == {1: 2, 2: 4}
    assert many.get([1, 2, 3, 4]) == {1: 2, 2: 4, 3: 6, 4: 8}
    assert many.get([]) == {}
    assert doubles.asked == [[1, 2], [3, 4]]
    many.forget()
    assert many.get([1]) == {1: 2}
    assert doubles.asked[2:] == [[1]]


def test_of_more_than_it_keeps_the_oldest_go() -> None:
    doubles = Doubles()
    many = KeptMany(doubles, seconds=60, most=2)
    for key in (1, 2, 3, 2, 1):
        assert many.get([key]) == {key: 2 * key}
    assert doubles.asked == [[1], [2], [3], [1]]
    assert many.get([4, 5, 6]) == {4: 8, 5: 10, 6: 12}


def test_what_is_too_old_is_made_anew_and_what_can_not_be_made_is_not_kept() -> None:
    doubles = Doubles()
    many = KeptMany(doubles, seconds=0, most=2)
    assert many.get([1]) == many.get([1]) == {1: 2}
    assert doubles.asked == [[1], [1]]

    def broken(keys: Collection[int]) -> dict[int, int]:
        raise ValueError(keys)

    failing = KeptMany(broken, seconds=60, most=2)
    for _ in range(2):
        with pytest.raises(ValueError):
            failing.get([1])
