"""JSON files: every field of every file, keys added, dropped or doubled, and texts that are no JSON."""

import json
from pathlib import Path
from random import Random
from typing import Any

from mutations.changes.values import VALUES, other_value

CODE = {
    "AutoConfig": "evil.Evil",
    "AutoModelForCausalLM": "evil.Evil",
    "AutoTokenizer": ["evil.Evil", "evil.Evil"],
}
KEYS: dict[str, Any] = {
    "auto_map": CODE,
    "attn_implementation": "org/kernel",
    "_attn_implementation": "flash_attention_2",
    "experts_implementation": "org/kernel",
    "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True},
    "kernel_config": {"RMSNorm": "org/kernel:RMSNorm"},
    "use_kernels": True,
    "custom_generate": "org/code",
    "trust_remote_code": True,
    "transformers_weights": "pytorch_model.bin",
    "get_text_config": 5,
    "to_dict": "x",
    "per_layer_config": {"0": {"hidden_size": 1}},
    "num_labels": 10**9,
    "pruned_heads": {"0": [0]},
    "rope_scaling": {"rope_type": "yarn", "factor": 2.0, "rope_theta": 10000.0},
    "rope_theta": 0.001,
    "sliding_window": 8,
    "use_sliding_window": True,
    "layer_types": ["sliding_attention", "full_attention"],
    "attention_chunk_size": 4,
    "partial_rotary_factor": 0.5,
    "tokenizer_class": "BertTokenizer",
    "chat_template": [{"name": "x", "template": "y"}],
    "added_tokens_decoder": {"4000000000": {"content": "x"}},
    "extra_special_tokens": {"x": "y"},
    "backend": "sentencepiece",
    "num_beams": 5,
    "min_new_tokens": 1000,
    "cache_implementation": "quantized",
    "suppress_tokens": list(range(259)),
    "prompt_lookup_num_tokens": 3,
}
RAW = (
    b"",
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"{",
    b"{}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\xef\xbb\xbf{}",
    '{"a": 1}'.encode("utf-16"),
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1e999}',
    b'{"a": 1,}',
    b"\x00" * 64,
    b'{"a": "\\ud800"}',
    b'{"a": "\xff"}',
    b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
)


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")


def some_file(random: Random, folder: Path) -> Path:
    names = sorted(p.name for p in folder.glob("*.json") if p.is_file() and not p.is_symlink())
    return folder / random.choice([*names, "config.json", "tokenizer.json"])


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every container with one of its keys; a long one is represented by its first entries."""
    found: list[tuple[Any, Any]] = []
    if isinstance(document, dict | list):
        keys = list(document)[:6] if isinstance(document, dict) and len(document) > 60 else list(document)
        for key in keys if isinstance(document, dict) else range(min(len(document), 6)):
            found += [(document, key), *places(document[key])]
    return found


def change_field(random: Random, folder: Path) -> str:
    path = some_file(random, folder)
    document = read(path)
    owner, key = random.choice(places(document))
    owner[key] = other_value(random, owner[key])
    write(path, document)
    return f"{path.name}: {key} is {str(owner[key])[:40]}"


def drop_field(random: Random, folder: Path) -> str:
    path = some_file(random, folder)
    document = read(path)
    owner, key = random.choice(places(document))
    del owner[key]
    write(path, document)
    return f"{path.name}: no {key}"


def add_field(random: Random, folder: Path) -> str:
    path = some_file(random, folder)
    document = read(path)
    key = random.choice(list(KEYS))
    document[key] = KEYS[key] if random.random() < 0.7 else random.choice(VALUES)
    write(path, document)
    return f"{path.name}: {key} added as {str(document[key])[:40]}"


def double_field(random: Random, folder: Path) -> str:
    path = some_file(random, folder)
    text = path.read_text()
    key = random.choice(list(json.loads(text)))
    path.write_text(text.replace("{", "{" + f"{json.dumps(key)}: {json.dumps(random.choice(VALUES))},", 1))
    return f"{path.name}: {key} twice"


def cut_text(random: Random, folder: Path) -> str:
    path = some_file(random, folder)
    data = path.read_bytes()
    path.write_bytes(data[: random.randrange(len(data))])
    return f"{path.name}: cut"


def change_byte(random: Random, folder: Path) -> str:
    path = some_file(random, folder)
    data = bytearray(path.read_bytes())
    at = random.randrange(len(data))
    data[at] = random.randrange(256)
    path.write_bytes(data)
    return f"{path.name}: byte {at} is {data[at]}"


def replace_whole(random: Random, folder: Path) -> str:
    path = some_file(random, folder)
    content = random.choice(RAW)
    path.write_bytes(content)
    return f"{path.name}: {content[:20]!r}"


def extra_tokenizer_file(random: Random, folder: Path) -> str:
    name, content = random.choice(
        [
            ("added_tokens.json", {"<extra>": random.choice([1, 300, 319, 320, -1, 4_000_000_000])}),
            (
                "special_tokens_map.json",
                {"eos_token": random.choice(["<|im_end|>", "<new>", 5, {"content": "x"}])},
            ),
            ("vocab.json", {"a": random.choice([0, 4_000_000_000])}),
        ]
    )
    write(folder / name, content)
    return f"{name}: {content}"


def change_id(random: Random, folder: Path) -> str:
    path = folder / "tokenizer.json"
    document = read(path)
    new = random.choice(
        [0, 1, 258, 259, 300, 319, 320, 321, 65_536, -1, 4_000_000_000, 2**63, "1", 1.5, None]
    )
    if random.random() < 0.5:
        random.choice(document["added_tokens"])["id"] = new
    else:
        vocabulary = document["model"]["vocab"]
        vocabulary[random.choice(list(vocabulary))] = new
    write(path, document)
    return f"tokenizer.json: an id is {new}"


CHANGES = (
    change_field,
    change_field,
    change_field,
    change_field,
    change_field,
    change_field,
    drop_field,
    drop_field,
    add_field,
    add_field,
    double_field,
    cut_text,
    change_byte,
    replace_whole,
    extra_tokenizer_file,
    change_id,
)
