"""Batches stay within a budget of tokens, and halve when memory runs out."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_trainer.evals.batching import Halving, batches


@given(st.lists(st.integers(1, 9000), max_size=60), st.integers(1, 4096), st.integers(1, 64))
def test_every_place_is_in_one_batch_that_fits(lengths: list[int], new: int, rows: int) -> None:
    found = batches(dict(enumerate(lengths)), new, rows, 20_000)
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        cost = len(batch) * (max(lengths[place] for place in batch) + new)
        assert len(batch) == 1 or (len(batch) <= rows and cost <= 20_000)


def test_long_prompts_come_in_small_batches() -> None:
    found = batches(dict.fromkeys(range(64), 8_000), 192, 64, 65_536)
    assert {len(batch) for batch in found} == {8}


@pytest.mark.parametrize("room", [1, 2, 3, 7, 16])
def test_halves_keep_the_order_and_are_remembered(room: int) -> None:
    tried: list[int] = []
    freed: list[bool] = []

    def answer(places: Sequence[int]) -> list[str]:
        tried.append(len(places))
        if len(places) > room:
            raise MemoryError
        return [f"answer {place}" for place in places]

    halving = Halving(answer, lambda: freed.append(True))
    for batch in (range(16), range(16, 29)):
        assert halving(batch) == [f"answer {place}" for place in batch]
    assert len(freed) == sum(size > room for size in tried)
    assert len(freed) <= 4


def test_other_errors_are_no_reason_to_halve() -> None:
    def answer(places: Sequence[int]) -> list[str]:
        raise RuntimeError("a shape is wrong")

    with pytest.raises(RuntimeError, match="shape"):
        Halving(answer, lambda: None)(range(4))
