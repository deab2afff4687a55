"""Are all numbers of the weights finite? Read as a stream, without a library of numbers.

In each number type an exponent of ones means infinity or no number. The exponent begins in a number's last
byte, so almost every number is judged by that byte alone.
"""

from collections.abc import Iterable
from typing import Final

from sluice_model.errors import Unsupported
from sluice_model.header import NUMBER_BYTES, Tensor
from sluice_model.source import ModelSource

_CHUNK: Final = 8 * 1024 * 1024
_EXPONENT: Final = {"F32": 0x7F80, "BF16": 0x7F80, "F16": 0x7C00}
"""Bits of the exponent within the two highest bytes."""


def check_finite(source: ModelSource, tensors: dict[str, Tensor]) -> None:
    """Raises Unsupported that names the first tensor with a number that is not finite."""
    for name, tensor in sorted(tensors.items()):
        for start in range(tensor.begin, tensor.end, _CHUNK):
            data = source.read(tensor.file, start, min(_CHUNK, tensor.end - start))
            if not _finite(data, tensor.dtype):
                raise Unsupported(
                    f"{tensor.file}, tensor {name[:120]} holds numbers that are not finite: "
                    "fetch or save the model again"
                )


def _finite(data: bytes, dtype: str) -> bool:
    size, exponent = NUMBER_BYTES[dtype], _EXPONENT[dtype]
    top = data[size - 1 :: size]
    return all(
        (top[at] << 8 | data[at * size + size - 2]) & exponent != exponent
        for at in _suspects(top, exponent >> 8)
    )


def _suspects(top: bytes, bits: int) -> Iterable[int]:
    """Places of the highest bytes in which the exponent's bits are all ones."""
    marks = top.translate(bytes(byte & bits == bits for byte in range(256)))
    at = marks.find(1)
    while at >= 0:
        yield at
        at = marks.find(1, at + 1)
