"""Headers of safetensors files: each way in which they lie, are cut off, or hold what cannot be trained."""

import struct
from pathlib import Path
from typing import Any

import pytest

from sluice_model.errors import Unsupported
from sluice_model.header import Tensor, read_header
from sluice_model.source import FolderSource
from support.modelfolder import safetensors, two_tensors

GOOD: dict[str, Any] = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def header_of(folder: Path, data: bytes) -> dict[str, Tensor]:
    (folder / "w.safetensors").write_bytes(data)
    return read_header(FolderSource(folder), "w.safetensors")


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    found = header_of(tmp_path, two_tensors())
    assert {n: (t.sizes, t.dtype) for n, t in found.items()} == {"a": ((2, 2), "F32"), "b": ((3,), "F32")}


def test_every_cut_is_found(tmp_path: Path) -> None:
    whole = two_tensors()
    for end in range(len(whole)):
        with pytest.raises(Unsupported, match=r"w\.safetensors"):
            header_of(tmp_path, whole[:end])


@pytest.mark.parametrize("length", [0, 1, 10_000_000_000, 2**63, 2**64 - 1])
def test_a_length_that_is_not_the_headers_is_found(tmp_path: Path, length: int) -> None:
    with pytest.raises(Unsupported, match=r"w\.safetensors"):
        header_of(tmp_path, struct.pack("<Q", length) + two_tensors()[8:])


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (GOOD | {"data_offsets": [-8, 0]}, "begin and end"),
        (GOOD | {"data_offsets": [8, 0]}, "begin and end"),
        (GOOD | {"data_offsets": [0, 8, 8]}, "begin and end"),
        (GOOD | {"data_offsets": [0.0, 8]}, "begin and end"),
        (GOOD | {"data_offsets": [4, 12]}, "leaves a gap"),
        (GOOD | {"data_offsets": [0, 4], "shape": [1]}, "has 8 bytes of tensors"),
        (GOOD | {"shape": [3]}, "does not fill"),
        (GOOD | {"shape": [-2]}, "shape"),
        (GOOD | {"shape": [0]}, "shape"),
        (GOOD | {"shape": [True, 2]}, "shape"),
        (GOOD | {"shape": [2**62, 2**62]}, "does not fill"),
        (GOOD | {"shape": [1] * 9}, "shape"),
        (GOOD | {"shape": "2"}, "shape"),
        (GOOD | {"dtype": "I8"}, "'I8'; allowed are F32, BF16, F16"),
        (GOOD | {"dtype": "F8_E4M3"}, "allowed are"),
        (GOOD | {"dtype": ["F32"]}, "allowed are"),
        ({"dtype": "F32", "shape": [2]}, "exactly"),
        (GOOD | {"more": 1}, "exactly"),
        ([], "exactly"),
        (None, "exactly"),
    ],
)
def test_an_entry_that_lies_is_found(tmp_path: Path, entry: Any, told: str) -> None:
    with pytest.raises(Unsupported, match=told):
        header_of(tmp_path, safetensors({"x": entry}, bytes(8)))


def test_bytes_of_two_tensors_never_overlap(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="overlaps"):
        header_of(tmp_path, safetensors({"x": GOOD, "y": GOOD}, bytes(8)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"x":1,"x":1}', "duplicate key"),
        (b"[]", "must hold an object"),
        (b"[" * 100_000, "deep"),
        (b'{"x":' * 100_000, "deep"),
        (b'{"x":NaN}', "NaN"),
        (b'{"x":1e999}', "too large"),
        (b'{"x":"\\ud800"}', "UTF-8"),
        (b'{"x":"\xff"}', "UTF-8"),
        (b"\xef\xbb\xbf{}", "JSON"),
        (b'{"__metadata__": {"a": 1}}', "names to texts"),
        (b'{"x":' + b"9" * 5000 + b"}", "JSON"),
    ],
)
def test_a_header_that_is_no_plain_json_is_found(tmp_path: Path, text: bytes, told: str) -> None:
    with pytest.raises(Unsupported, match=told):
        header_of(tmp_path, struct.pack("<Q", len(text)) + text)
