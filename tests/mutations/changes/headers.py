"""Safetensors files at the level of bytes and of their header."""

import json
import struct
from pathlib import Path
from random import Random
from typing import Any

from mutations.changes.values import other_value

NAME = "model.safetensors"


def parts(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Header and bytes of the tensors."""
    data = (folder / NAME).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join(folder: Path, header: Any, data: bytes) -> None:
    text = json.dumps(header).encode()
    (folder / NAME).write_bytes(struct.pack("<Q", len(text)) + text + data)


def change_length(random: Random, folder: Path) -> str:
    path = folder / NAME
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    new = random.choice([0, 1, length - 1, length + 1, length + 8, len(data), 10**10, 2**63, 2**64 - 1])
    path.write_bytes(struct.pack("<Q", new) + data[8:])
    return f"length {new}"


def cut(random: Random, folder: Path) -> str:
    path = folder / NAME
    data = path.read_bytes()
    end = random.choice([0, 1, 7, 8, 9, random.randrange(len(data)), len(data) - 1])
    path.write_bytes(data[:end])
    return f"cut at {end}"


def grow(random: Random, folder: Path) -> str:
    path = folder / NAME
    more = random.randbytes(random.choice([1, 4, 1000]))
    path.write_bytes(path.read_bytes() + more)
    return f"{len(more)} more bytes"


def change_byte(random: Random, folder: Path) -> str:
    path = folder / NAME
    data = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", data[:8])
    at = random.randrange(8 + length if random.random() < 0.8 else len(data))
    data[at] = random.randrange(256)
    path.write_bytes(data)
    return f"byte {at} is {data[at]}"


def change_entry(random: Random, folder: Path) -> str:
    header, data = parts(folder)
    name = random.choice([n for n in header if n != "__metadata__"])
    entry = header[name]
    key = random.choice(list(entry))
    if isinstance(entry[key], list) and random.random() < 0.7:
        at = random.randrange(len(entry[key]))
        entry[key][at] = other_value(random, entry[key][at])
    elif key == "dtype":
        entry[key] = random.choice(
            ["F16", "BF16", "F64", "I8", "I64", "U8", "BOOL", "F8_E4M3", "X", "", None, 1]
        )
    else:
        entry[key] = other_value(random, entry[key])
    join(folder, header, data)
    return f"{name}: {key} is {str(entry[key])[:40]}"


def change_entries(random: Random, folder: Path) -> str:
    header, data = parts(folder)
    names = [n for n in header if n != "__metadata__"]
    one, two = random.sample(names, 2)
    what = random.choice(["swap", "same", "rename", "drop", "add", "metadata", "empty", "key"])
    if what == "swap":
        header[one], header[two] = header[two], header[one]
    elif what == "same":
        header[one] = dict(header[two])
    elif what == "rename":
        header[random.choice([one + "x", "", "x" * 10_000, "model.layers.99.x", "__metadata"])] = header.pop(
            one
        )
    elif what == "drop":
        del header[one]
    elif what == "add":
        header["extra.weight"] = {"dtype": "F32", "shape": [0], "data_offsets": [len(data), len(data)]}
    elif what == "metadata":
        header["__metadata__"] = random.choice(
            [{}, {"format": "tf"}, {"format": 1}, [], None, {"a": {}}, "x"]
        )
    elif what == "empty":
        header = {}
    else:
        header[one] = random.choice([None, [], {}, "x", 1, {"dtype": "F32"}, header[one] | {"more": 1}])
    join(folder, header, data)
    return f"header: {what} {one}"


CHANGES = (
    change_length,
    cut,
    grow,
    change_byte,
    change_byte,
    change_entry,
    change_entry,
    change_entry,
    change_entries,
    change_entries,
)
