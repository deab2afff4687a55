"""Numbers that are not finite or too large, in each number type and at each place, and those just below."""

import struct
from pathlib import Path

import pytest

from sluice_model.errors import Unsupported
from sluice_model.finite import check_finite
from sluice_model.header import read_header
from sluice_model.source import FolderSource
from support.modelfolder import safetensors

WORDS = {
    "F32": (
        "I",
        (0x7F800000, 0xFF800000, 0x7FC00000, 0xFF800001, 0x4B800000, 0xFF7FFFFF),
        (0x4B7FFFFF, 0xCB7FFFFF, 0x4B000000, 0),
    ),
    "BF16": ("H", (0x7F80, 0xFF80, 0x7FC0, 0xFF81, 0x4B80, 0xCB80), (0x4B7F, 0xCB7F, 0x4B00, 0)),
    "F16": ("H", (0x7C00, 0xFC00, 0x7E00, 0xFC01), (0x7BFF, 0xFBFF, 0x7800, 0)),
}


def check(folder: Path, dtype: str, words: list[int]) -> None:
    data = struct.pack(f"<{len(words)}{WORDS[dtype][0]}", *words)
    entry = {"dtype": dtype, "shape": [len(words)], "data_offsets": [0, len(data)]}
    (folder / "w.safetensors").write_bytes(safetensors({"x": entry}, data))
    source = FolderSource(folder)
    check_finite(source, read_header(source, "w.safetensors"))


@pytest.mark.parametrize("dtype", WORDS)
def test_every_number_below_the_limit_passes_and_no_other(tmp_path: Path, dtype: str) -> None:
    _, bad, good = WORDS[dtype]
    check(tmp_path, dtype, [*good] * 100)
    for word in bad:
        for place in (0, 57, 399):
            words = [*good] * 100
            words[place] = word
            with pytest.raises(Unsupported, match=r"w\.safetensors, tensor x holds numbers"):
                check(tmp_path, dtype, words)
