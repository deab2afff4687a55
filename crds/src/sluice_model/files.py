"""Which files of a folder belong to a model, and how large each may be.

An allow-list: a library that finds another file beside them, such as `adapter_config.json`, reads that too.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sluice_model.errors import Unsupported
from sluice_model.jsonfile import MOST_BYTES
from sluice_model.tokenizer import (
    ADDED_TOKENS,
    LONGEST_TEMPLATE,
    MERGES,
    SPECIAL_TOKENS,
    TEMPLATE,
    TOKENIZER,
    TOKENIZER_CONFIG,
    VOCABULARY,
)
from sluice_model.weights import INDEX, weight_files

CONFIG: Final = "config.json"
GENERATION: Final = "generation_config.json"
_SMALL: Final = 1024 * 1024
_LARGE: Final = 16 * 1024 * 1024
SMALL_FILES: Final[Mapping[str, int]] = {
    CONFIG: _SMALL,
    GENERATION: _SMALL,
    INDEX: _LARGE,
    TOKENIZER: MOST_BYTES,
    TOKENIZER_CONFIG: _LARGE,
    SPECIAL_TOKENS: _SMALL,
    ADDED_TOKENS: _LARGE,
    TEMPLATE: LONGEST_TEMPLATE,
    VOCABULARY: MOST_BYTES,
    MERGES: MOST_BYTES,
}
"""Files beside the weights, and the most bytes of each."""


@dataclass(frozen=True)
class ModelFiles:
    """Files of a folder, sorted by what becomes of them."""

    small: tuple[str, ...]
    weights: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """All files of the model."""
        return tuple(sorted((*self.small, *self.weights)))


def small_files(sizes: Mapping[str, int]) -> list[str]:
    """Configuration and tokenizer files that are there. Raises Unsupported for one that is too large."""
    found = [name for name in SMALL_FILES if name in sizes]
    for name in found:
        if sizes[name] > SMALL_FILES[name]:
            raise Unsupported(f"{name} has {sizes[name]} bytes; at most {SMALL_FILES[name]} are read")
    if CONFIG not in found:
        raise Unsupported(f"there is no {CONFIG}: give the folder of a Hugging Face model")
    if TOKENIZER not in found and not {VOCABULARY, MERGES} <= set(found):
        raise Unsupported(f"there is no {TOKENIZER}: a fast tokenizer is needed; save one with the model")
    return found


def model_files(names: Collection[str], small: Collection[str], index: dict[str, Any] | None) -> ModelFiles:
    """Sort the files of a folder. Raises Unsupported when weights are missing."""
    weights = weight_files(index, names)
    used = {*small, *weights}
    return ModelFiles(tuple(sorted(small)), tuple(weights), tuple(sorted(set(names) - used)))
