"""The header of a safetensors file: checked in full, so that no reader of the numbers can be misled.

Layout: eight bytes with the header's length, the header as JSON, then the tensors' bytes without gaps.
"""

import struct
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from sluice_model.errors import Unsupported
from sluice_model.jsonfile import parse_object
from sluice_model.source import ModelSource

LONGEST_HEADER: Final = 16 * 1024 * 1024
NUMBER_BYTES: Final = {"F32": 4, "BF16": 2, "F16": 2}
"""Number types that a model may be stored in, by their names in safetensors, and their size."""
MOST_DIMENSIONS: Final = 8
_LENGTH: Final = 8
_METADATA: Final = "__metadata__"


@dataclass(frozen=True)
class Tensor:
    """What a header says of one tensor."""

    file: str
    sizes: tuple[int, ...]
    dtype: str
    begin: int
    """Where its bytes begin in the file."""
    end: int


def read_header(source: ModelSource, name: str) -> dict[str, Tensor]:
    """Tensors of one file, by name. Raises Unsupported."""
    size = source.sizes[name]
    start = source.read(name, 0, _LENGTH) if size >= _LENGTH else b""
    if len(start) < _LENGTH:
        raise Unsupported(f"{name} has {size} bytes: it is cut off or no safetensors file; fetch it again")
    (length,) = struct.unpack("<Q", start)
    if length > min(LONGEST_HEADER, size - _LENGTH):
        raise Unsupported(
            f"{name} names a header of {length} bytes, the file has {size} and headers at most "
            f"{LONGEST_HEADER}: it is cut off or no safetensors file; fetch it again"
        )
    header = parse_object(source.read(name, _LENGTH, length), f"{name}, header")
    _check_metadata(name, header.pop(_METADATA, {}))
    return _tensors(name, header, size, _LENGTH + length)


def _check_metadata(name: str, found: Any) -> None:
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise Unsupported(f"{name}, header: {_METADATA} must map names to texts")


def _tensors(name: str, header: dict[str, Any], size: int, first: int) -> dict[str, Tensor]:
    found, spans = {}, []
    for tensor, entry in header.items():
        where = f"{name}, tensor {tensor[:120]}"
        sizes, (begin, end) = _entry(where, entry)
        if end - begin != prod(sizes) * NUMBER_BYTES[entry["dtype"]]:
            raise Unsupported(
                f"{where}: shape {list(sizes)} in {entry['dtype']} does not fill its {end - begin} bytes"
            )
        found[tensor] = Tensor(name, sizes, entry["dtype"], first + begin, first + end)
        spans.append((begin, end, tensor))
    _check_spans(name, sorted(spans), size - first)
    return found


def _entry(where: str, entry: Any) -> tuple[tuple[int, ...], tuple[int, int]]:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise Unsupported(f"{where} must have exactly dtype, shape and data_offsets")
    if entry["dtype"] not in list(NUMBER_BYTES):
        allowed = ", ".join(NUMBER_BYTES)
        raise Unsupported(
            f"{where} is stored as {entry['dtype']!r}; allowed are {allowed}: convert the model"
        )
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _whole(shape) or len(shape) > MOST_DIMENSIONS or 0 in shape:
        raise Unsupported(f"{where} has shape {str(shape)[:80]}: sizes must be whole numbers above 0")
    if not _whole(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise Unsupported(f"{where} has data_offsets {str(offsets)[:80]}: give begin and end in bytes")
    return tuple(shape), (offsets[0], offsets[1])


def _whole(value: Any) -> bool:
    return isinstance(value, list) and all(type(v) is int and 0 <= v < 2**63 for v in value)


def _check_spans(name: str, spans: list[tuple[int, int, str]], data_bytes: int) -> None:
    """Tensors fill the file from the header to its end, each byte belonging to one."""
    reached = 0
    for begin, end, tensor in spans:
        if begin != reached:
            what = "overlaps the tensor before it" if begin < reached else "leaves a gap before it"
            raise Unsupported(f"{name}, tensor {tensor[:120]} {what}; fetch or save the file again")
        reached = end
    if reached != data_bytes:
        raise Unsupported(
            f"{name} has {data_bytes} bytes of tensors, its header names {reached}: "
            "it is cut off or damaged; fetch it again"
        )
