"""Best-fit packing fills sequences and loses nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice_trainer.data.packing import efficiency, pack_documents


def test_T05_two_hundred_random_lengths_fill_at_least_95_percent_with_every_row_once() -> None:
    lengths = np.random.default_rng(5).integers(16, 400, size=200)
    packs = pack_documents(lengths, 1024)
    assert sorted(i for pack in packs for i in pack) == list(range(200))
    assert max(int(lengths[pack].sum()) for pack in packs) <= 1024
    assert efficiency(lengths, len(packs), 1024).fill >= 0.95


@settings(max_examples=60)
@given(lengths=st.lists(st.integers(1, 64), max_size=60))
def test_T05_no_pack_overflows_and_no_two_packs_could_be_one(lengths: list[int]) -> None:
    packs = pack_documents(lengths, 64)
    assert sorted(i for pack in packs for i in pack) == list(range(len(lengths)))
    sums = sorted(sum(lengths[i] for i in pack) for pack in packs)
    assert all(total <= 64 for total in sums)
    assert len(sums) < 2 or sums[0] + sums[1] > 64


def test_T05_packs_are_the_same_for_the_same_lengths_and_in_order_of_their_first_document() -> None:
    lengths = [30, 40, 24, 64, 1]
    packs = pack_documents(lengths, 64)
    assert packs == pack_documents(lengths, 64)
    assert packs == sorted(packs)


@pytest.mark.parametrize("lengths", [[65], [0], [-1]])
def test_a_document_that_fits_no_sequence_is_an_error(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="1 to 64 tokens"):
        pack_documents(lengths, 64)


def test_nothing_to_pack_is_no_pack() -> None:
    assert pack_documents([], 64) == []
    assert efficiency([], 0, 64).fill == 0.0
