"""How this image decodes: greedily, and by nothing that an artifact says but its tokens of end.

Models are loaded with empty generation settings, so whatever an artifact's files name has no way in. Imports
torch.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from transformers import GenerationConfig

from sluice_api import decoding

CONFIG, GENERATION_CONFIG = "config.json", "generation_config.json"


def stop_tokens(folder: Path, end: int | None) -> tuple[int, ...]:
    """Tokens that end an answer: by the files of the artifact, and the tokenizer's own `end`."""
    generation = folder / GENERATION_CONFIG
    found = decoding.stop_tokens(_read(generation) if generation.is_file() else None, _read(folder / CONFIG))
    return tuple(sorted(found | ({end} if end is not None else set())))


def greedy(stops: Collection[int], max_new_tokens: int) -> GenerationConfig:
    """Greedy decoding up to a token of end or the limit; nothing else."""
    ordered = sorted(stops)
    return GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=max_new_tokens,
        eos_token_id=ordered or None,
        pad_token_id=ordered[0] if ordered else 0,
    )


def _read(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return document if isinstance(document, dict) else {}
