"""A model folder in bytes, for tests that change one thing of it: no library is needed to write it."""

import json
import struct
from pathlib import Path
from typing import Any

VOCABULARY = 64
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 32,
    "eos_token_id": 2,
}
TOKENIZER = {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}, "added_tokens": []}


def safetensors(header: dict[str, Any], data: bytes) -> bytes:
    """A file of that header and those bytes."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def two_tensors() -> bytes:
    """A whole file with the tensors a and b."""
    entries = {"a": _entry([2, 2], 0, 16), "b": _entry([3], 16, 28)}
    return safetensors(entries, bytes(28))


def _entry(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def write_model(folder: Path, **files: bytes | dict[str, Any]) -> Path:
    """A folder of a model; `files` replaces some, by name with two underscores for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    whole: dict[str, bytes | dict[str, Any]] = {
        "config.json": CONFIG,
        "tokenizer.json": TOKENIZER,
        "model.safetensors": two_tensors(),
    }
    for name, content in (whole | {n.replace("__", "."): c for n, c in files.items()}).items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / name).write_bytes(data)
    return folder
