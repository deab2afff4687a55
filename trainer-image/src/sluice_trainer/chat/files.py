"""Files of a tokenizer that a bundle takes over from its base: prepare asks for them, package checks them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final


def filled(path: Path) -> bool:
    """Whether there is such a file, and something in it."""
    return path.is_file() and path.stat().st_size > 0


def read_json(path: Path) -> dict[str, object] | None:
    """What a JSON file holds; None for a missing or broken one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _has_tokenizer(folder: Path) -> bool:
    alone = any(filled(folder / name) for name in ("tokenizer.json", "tokenizer.model"))
    return alone or all(filled(folder / name) for name in ("vocab.json", "merges.txt"))


def _has_template(folder: Path) -> bool:
    config = read_json(folder / "tokenizer_config.json") or {}
    return filled(folder / "chat_template.jinja") or bool(config.get("chat_template"))


TOKENIZER_CHECKS: Final[dict[str, Callable[[Path], bool]]] = {
    "tokenizer_present": _has_tokenizer,
    "tokenizer_config_present": lambda f: read_json(f / "tokenizer_config.json") is not None,
    "chat_template_present": _has_template,
}
