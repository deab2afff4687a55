"""Which files of a model folder count, and whether they make a model that the trainer can start from."""

from pathlib import Path

from sluice_plugin.errors import Refused

KEPT_SUFFIXES = frozenset({".safetensors", ".json", ".jinja", ".txt", ".model"})
UNSAFE_SUFFIXES = frozenset({".bin", ".pt", ".pth", ".pkl", ".ckpt"})
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")


def model_files(names: list[str]) -> list[str]:
    """Files of a Hugging Face folder that are uploaded. Raises Refused when they make no model."""
    kept = sorted(n for n in names if Path(n).suffix in KEPT_SUFFIXES and not _is_hidden(n))
    missing = [what for what, there in _needs(kept).items() if not there]
    if missing:
        unsafe = [n for n in names if Path(n).suffix in UNSAFE_SUFFIXES]
        hint = f"; {unsafe[0]} may hold code: save the model as safetensors" if unsafe else ""
        raise Refused(f"the folder has no {' and no '.join(missing)}{hint}")
    return kept


def stage_folder(source: Path, target: Path) -> None:
    """Link the files that count below `target`, so that nothing large is copied."""
    names = [p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file()]
    for name in model_files(names):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to((source / name).resolve())


def _needs(names: list[str]) -> dict[str, bool]:
    return {
        "config.json": "config.json" in names,
        "weights in safetensors": any(n.endswith(".safetensors") for n in names),
        f"tokenizer ({', '.join(TOKENIZERS)})": any(n in TOKENIZERS for n in names),
    }


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))
