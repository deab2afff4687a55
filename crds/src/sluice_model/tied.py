"""A head that is tied to the embedding, and stored as well: both must be the same numbers.

A library that finds them different would silently not tie them, and serving engines ignore the stored head.
"""

from collections.abc import Mapping
from typing import Any, Final

from sluice_model.errors import Unsupported
from sluice_model.header import Tensor
from sluice_model.source import ModelSource

HEAD: Final = "lm_head.weight"
EMBEDDING: Final = "model.embed_tokens.weight"
_TIED_BY_DEFAULT: Final = frozenset({"smollm3"})
_CHUNK: Final = 8 * 1024 * 1024


def check_tied(source: ModelSource, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Raises Unsupported when the configuration ties what differs."""
    tied = config.get("tie_word_embeddings", config.get("model_type") in _TIED_BY_DEFAULT)
    both = HEAD in tensors and EMBEDDING in tensors
    if tied and both and not _equal(source, tensors[HEAD], tensors[EMBEDDING]):
        raise Unsupported(
            f"config.json: tie_word_embeddings is true, but {HEAD} differs from {EMBEDDING}: "
            "set it to false, or save the model without its head"
        )


def _equal(source: ModelSource, one: Tensor, other: Tensor) -> bool:
    if (one.sizes, one.dtype) != (other.sizes, other.dtype):
        return False
    for at in range(0, one.end - one.begin, _CHUNK):
        length = min(_CHUNK, one.end - one.begin - at)
        if source.read(one.file, one.begin + at, length) != source.read(other.file, other.begin + at, length):
            return False
    return True
