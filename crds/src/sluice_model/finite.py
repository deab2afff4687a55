"""Are the weights' numbers such as a model computes with? Read as a stream, without a library of numbers.

In each number type an exponent of ones means infinity or no number, and one near it a number that overflows
as soon as it is multiplied. The exponent begins in a number's last byte, which alone judges nearly all.
"""

from collections.abc import Iterable
from typing import Final

from sluice_model.errors import Unsupported
from sluice_model.header import NUMBER_BYTES, Tensor
from sluice_model.source import ModelSource

_CHUNK: Final = 8 * 1024 * 1024
_TOO_LARGE: Final = {"F32": 0x4B80, "BF16": 0x4B80, "F16": 0x7C00}
"""The two highest bytes, without the sign, of the first number that is too large: 2**24, or infinity."""


def check_finite(source: ModelSource, tensors: dict[str, Tensor]) -> None:
    """Raises Unsupported that names the first tensor with a number that is not finite, or 2**24 and more."""
    for name, tensor in sorted(tensors.items()):
        for start in range(tensor.begin, tensor.end, _CHUNK):
            data = source.read(tensor.file, start, min(_CHUNK, tensor.end - start))
            if not _finite(data, tensor.dtype):
                raise Unsupported(
                    f"{tensor.file}, tensor {name[:120]} holds numbers that are not finite or above 2**24, "
                    "with which no model computes: fetch or save the model again"
                )


def _finite(data: bytes, dtype: str) -> bool:
    size, limit = NUMBER_BYTES[dtype], _TOO_LARGE[dtype]
    top = data[size - 1 :: size]
    return all(
        (top[at] & 0x7F) << 8 | data[at * size + size - 2] < limit for at in _suspects(top, limit >> 8)
    )


def _suspects(top: bytes, limit: int) -> Iterable[int]:
    """Places of the highest bytes that reach the limit's."""
    marks = top.translate(bytes(byte & 0x7F >= limit for byte in range(256)))
    at = marks.find(1)
    while at >= 0:
        yield at
        at = marks.find(1, at + 1)
