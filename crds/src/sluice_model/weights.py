"""Which files of a folder are the model's weights, and what tensors they hold.

`model.safetensors.index.json` decides where it is there; else the one file `model.safetensors`. Other
safetensors files, such as `consolidated.safetensors`, are another form of the same weights and never read.
"""

from collections.abc import Collection
from typing import Any, Final

from sluice_model.errors import Unsupported
from sluice_model.header import Tensor, read_header
from sluice_model.source import ModelSource

INDEX: Final = "model.safetensors.index.json"
SINGLE: Final = "model.safetensors"
SUFFIX: Final = ".safetensors"
_MOST_FILES: Final = 1000


def weight_files(index: dict[str, Any] | None, names: Collection[str]) -> list[str]:
    """Names of the files that hold weights, in order. Raises Unsupported when one is not there."""
    wanted = sorted({SINGLE} if index is None else set(_places(index).values()))
    missing = [name for name in wanted if name not in names]
    if missing:
        other = next((n for n in sorted(names) if n.endswith((".bin", ".pt", ".pth", ".ckpt"))), None)
        hint = f"; {other} may hold code and is never read: save the model as safetensors" if other else ""
        raise Unsupported(f"weights are missing: no {', '.join(missing[:5])}{hint}")
    if len(wanted) > _MOST_FILES:
        raise Unsupported(f"{INDEX} names {len(wanted)} files; at most {_MOST_FILES} are read")
    return wanted


def read_tensors(source: ModelSource, index: dict[str, Any] | None) -> dict[str, Tensor]:
    """Tensors of all weights, by name. Raises Unsupported when files and index disagree."""
    found: dict[str, Tensor] = {}
    for name in weight_files(index, source.sizes):
        tensors = read_header(source, name)
        if twice := found.keys() & tensors.keys():
            one = min(twice)
            raise Unsupported(f"tensor {one[:120]} is in {found[one].file} and in {name}; keep one of them")
        found |= tensors
    if not found:
        raise Unsupported("the weights hold no tensor; fetch or save the model again")
    if index is not None:
        _check_places(_places(index), found)
    return found


def _places(index: dict[str, Any]) -> dict[str, str]:
    """The file of each tensor, as the index says."""
    places = index.get("weight_map")
    if not isinstance(places, dict) or not places:
        raise Unsupported(f"{INDEX}: weight_map must map names of tensors to files")
    for tensor, name in places.items():
        if not isinstance(name, str) or not name.endswith(SUFFIX) or "/" in name or name.startswith("."):
            raise Unsupported(
                f"{INDEX}: {tensor[:120]} lies in {str(name)[:80]!r}; name a {SUFFIX} file of the folder"
            )
    return places


def _check_places(places: dict[str, str], found: dict[str, Tensor]) -> None:
    for tensor in sorted(places.keys() | found.keys()):
        named, actual = places.get(tensor), found[tensor].file if tensor in found else None
        if named != actual:
            raise Unsupported(
                f"tensor {tensor[:120]}: {INDEX} says {named or 'nothing'}, "
                f"the files say {actual or 'nothing'}; fetch or save the model again"
            )
