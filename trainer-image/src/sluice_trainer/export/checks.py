"""Named checks of a bundle's files: what is missing or empty is found before anything is served."""

import json
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.export.bundle import CONFIG, GENERATION_CONFIG
from sluice_trainer.export.tensors import INDEX_NAME, TensorFolder

CARD, LOAD_BACK, NUMBERS = "README.md", "load_back.json", "training.json"


def failed_checks(folder: Path) -> tuple[str, ...]:
    """Names of the checks that a bundle does not pass."""
    return tuple(name for name, holds in BUNDLE_CHECKS.items() if not holds(folder))


def failed_reports(folder: Path) -> tuple[str, ...]:
    """Names of the checks that the files beside a bundle do not pass."""
    return tuple(check for check, name in _REPORTS.items() if not _filled(folder / name))


def refuse_failed(failed: tuple[str, ...]) -> None:
    """Raises InputWrong(BUNDLE_INCOMPLETE) that names every failed check."""
    if failed:
        raise InputWrong(reasons.BUNDLE_INCOMPLETE, f"the bundle fails {', '.join(failed)}")


def _filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _json(path: Path) -> dict[str, object] | None:
    """What a JSON file holds; None for a missing or broken one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _has_tokenizer(folder: Path) -> bool:
    alone = any(_filled(folder / name) for name in ("tokenizer.json", "tokenizer.model"))
    return alone or all(_filled(folder / name) for name in ("vocab.json", "merges.txt"))


def _has_template(folder: Path) -> bool:
    config = _json(folder / "tokenizer_config.json") or {}
    return _filled(folder / "chat_template.jinja") or bool(config.get("chat_template"))


def _weights_hold_numbers(folder: Path) -> bool:
    try:
        with TensorFolder(folder) as tensors:
            return any(shape.elements for shape in tensors.shapes.values())
    except SafetensorError:
        return False


def _shards_are_all_there(folder: Path) -> bool:
    if not (folder / INDEX_NAME).exists():
        return True
    places = (_json(folder / INDEX_NAME) or {}).get("weight_map")
    return isinstance(places, dict) and all(_filled(folder / str(name)) for name in places.values())


BUNDLE_CHECKS: dict[str, Callable[[Path], bool]] = {
    "config_present": lambda f: bool((_json(f / CONFIG) or {}).get("model_type")),
    "generation_config_present": lambda f: _json(f / GENERATION_CONFIG) is not None,
    "weights_present": lambda f: any(f.glob("*.safetensors")),
    "weights_not_empty": _weights_hold_numbers,
    "weights_complete": _shards_are_all_there,
    "tokenizer_present": _has_tokenizer,
    "tokenizer_config_present": lambda f: _json(f / "tokenizer_config.json") is not None,
    "chat_template_present": _has_template,
}
_REPORTS = {"card_present": CARD, "load_back_present": LOAD_BACK, "numbers_present": NUMBERS}
