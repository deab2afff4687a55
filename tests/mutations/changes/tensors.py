"""Whole and well-formed files of weights with other tensors, other number types, other numbers, in shards."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file, save_file

NAME, INDEX = "model.safetensors", "model.safetensors.index.json"
DTYPES = (torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.int64, torch.bool)


def load(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / NAME)


def save(folder: Path, tensors: Mapping[str, torch.Tensor], name: str = NAME) -> None:
    save_file(
        {n: t.contiguous().clone() for n, t in tensors.items()}, folder / name, metadata={"format": "pt"}
    )


def drop(random: Random, folder: Path) -> str:
    tensors = load(folder)
    part = random.choice(["layers.1.", "layers.0.", "norm", "embed_tokens", random.choice(list(tensors))])
    save(folder, {n: t for n, t in tensors.items() if part not in n})
    return f"without {part}"


def add(random: Random, folder: Path) -> str:
    tensors = load(folder)
    embedding = tensors["model.embed_tokens.weight"]
    name, tensor = random.choice(
        [
            ("lm_head.weight", embedding.clone()),
            ("lm_head.weight", embedding * 2),
            ("lm_head.weight", embedding[:100]),
            ("model.layers.2.mlp.up_proj.weight", torch.ones(128, 64)),
            ("model.layers.0.self_attn.rotary_emb.inv_freq", torch.ones(8)),
            ("model.layers.0.self_attn.q_proj.bias", torch.ones(64)),
            ("score.weight", torch.ones(2)),
        ]
    )
    save(folder, tensors | {name: tensor})
    return f"with {name} {tuple(tensor.shape)}"


def reshape(random: Random, folder: Path) -> str:
    tensors = load(folder)
    name = random.choice(list(tensors))
    shape = random.choice(
        [lambda t: t.flatten(), lambda t: t.t(), lambda t: t[None], lambda t: t[:-1], lambda t: t[:0]]
    )
    tensors[name] = shape(tensors[name])
    save(folder, tensors)
    return f"{name} is {tuple(tensors[name].shape)}"


def retype(random: Random, folder: Path) -> str:
    tensors, dtype = load(folder), random.choice(DTYPES)
    chosen = list(tensors) if random.random() < 0.5 else [random.choice(list(tensors))]
    save(folder, tensors | {n: tensors[n].to(dtype) for n in chosen})
    return f"{len(chosen)} tensors are {dtype}"


def renumber(random: Random, folder: Path) -> str:
    tensors = load(folder)
    name = random.choice(list(tensors))
    value = random.choice([float("nan"), float("inf"), -float("inf"), 0.0, 1e4, 1e20, 3e38])
    if random.random() < 0.5:
        tensors[name].view(-1)[random.randrange(tensors[name].numel())] = value
    else:
        tensors[name].fill_(value)
    save(folder, tensors)
    return f"{name} has {value}"


def shard(random: Random, folder: Path) -> str:
    """Two files and an index, which may lie, and now and then another form of the weights beside them."""
    tensors = load(folder)
    names = sorted(tensors)
    cut = random.randrange(1, len(names))
    files = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    for file, group in zip(files, (names[:cut], names[cut:]), strict=True):
        save(folder, {n: tensors[n] for n in group}, file)
    places = {n: files[i >= cut] for i, n in enumerate(names)}
    what = random.choice(
        ["whole", "whole", "drop", "swap", "gone", "out", "odd", "both", "consolidated", "twice"]
    )
    if what == "drop":
        del places[random.choice(names)]
    elif what == "swap":
        places[random.choice(names)] = random.choice(files)
    elif what == "gone":
        (folder / random.choice(files)).unlink()
    elif what == "out":
        places[random.choice(names)] = random.choice(
            ["../outside/x.safetensors", "/etc/passwd", "evil.py", ".."]
        )
    elif what == "odd":
        places[random.choice(names)] = random.choice([None, 1, [], "", NAME])  # type: ignore[assignment]
    elif what == "twice":
        save(folder, tensors, files[0])
    if what == "consolidated":
        save(folder, {"tok_embeddings.weight": tensors[names[0]]}, "consolidated.safetensors")
    if what != "both":
        (folder / NAME).unlink()
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))
    return f"shards, {what}"


CHANGES = (drop, add, reshape, retype, renumber, renumber, shard, shard)
