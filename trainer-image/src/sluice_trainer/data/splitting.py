"""Which split a group belongs to: decided by hashes, so that the order of rows does not matter."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Final, Literal

from sluice_api.datasetpack import Split

SplitName = Literal["train", "validation", "test", "eval"]
TRAIN: Final = "train"
VALIDATION: Final = "validation"
TEST: Final = "test"
EVAL: Final = "eval"
SPLITS: Final[tuple[SplitName, ...]] = (TRAIN, VALIDATION, TEST, EVAL)
"""Splits in the order in which they are told."""


def split_groups(groups: Collection[str], split: Split) -> Mapping[str, SplitName]:
    """Split of each group that is not trained on; all others are train.

    Groups are put in the order of a seeded hash, and the first ones are held out; one is always trained on.
    """
    ordered = sorted(groups, key=lambda group: _rank(split.seed, group))
    tests = _share(len(ordered), split.test_percent)
    held_out = min(tests + _share(len(ordered), split.validation_percent), len(ordered) - 1)
    return {group: TEST if i < tests else VALIDATION for i, group in enumerate(ordered[: max(held_out, 0)])}


def _rank(seed: int, group: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{group}".encode()).digest()


def _share(total: int, percent: int) -> int:
    """The nearest whole number of groups, half up."""
    return (total * percent + 50) // 100
