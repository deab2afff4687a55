"""Named checks of a bundle's files: what is missing or empty is found before anything is served."""

from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.chat.files import TOKENIZER_CHECKS, filled, read_json
from sluice_trainer.export.bundle import CONFIG, GENERATION_CONFIG
from sluice_trainer.export.tensors import INDEX_NAME, TensorFolder

CARD, LOAD_BACK, NUMBERS = "README.md", "load_back.json", "training.json"


def failed_checks(folder: Path) -> tuple[str, ...]:
    """Names of the checks that a bundle does not pass."""
    return tuple(name for name, holds in BUNDLE_CHECKS.items() if not holds(folder))


def failed_reports(folder: Path) -> tuple[str, ...]:
    """Names of the checks that the files beside a bundle do not pass."""
    return tuple(check for check, name in _REPORTS.items() if not filled(folder / name))


def refuse_failed(failed: tuple[str, ...]) -> None:
    """Raises InputWrong(BUNDLE_INCOMPLETE) that names every failed check."""
    if failed:
        raise InputWrong(reasons.BUNDLE_INCOMPLETE, f"the bundle fails {', '.join(failed)}")


def _weights_hold_numbers(folder: Path) -> bool:
    try:
        with TensorFolder(folder) as tensors:
            return any(shape.elements for shape in tensors.shapes.values())
    except SafetensorError:
        return False


def _shards_are_all_there(folder: Path) -> bool:
    if not (folder / INDEX_NAME).exists():
        return True
    places = (read_json(folder / INDEX_NAME) or {}).get("weight_map")
    return isinstance(places, dict) and all(filled(folder / str(name)) for name in places.values())


BUNDLE_CHECKS: dict[str, Callable[[Path], bool]] = {
    "config_present": lambda f: bool((read_json(f / CONFIG) or {}).get("model_type")),
    "generation_config_present": lambda f: read_json(f / GENERATION_CONFIG) is not None,
    "weights_present": lambda f: any(f.glob("*.safetensors")),
    "weights_not_empty": _weights_hold_numbers,
    "weights_complete": _shards_are_all_there,
    **TOKENIZER_CHECKS,
}
_REPORTS = {"card_present": CARD, "load_back_present": LOAD_BACK, "numbers_present": NUMBERS}
