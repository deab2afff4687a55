"""Which files of a folder are uploaded as a model: those that belong to it, and nothing from outside it.

Whoever made the folder may not be who imports it: a link out of it would bring a file of the importing
person's machine into the store.
"""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice_model.errors import Unsupported
from sluice_model.files import SMALL_FILES
from sluice_model.finite import check_finite
from sluice_model.inspection import Inspected, inspect_model
from sluice_model.source import FolderSource
from sluice_model.weights import SUFFIX
from sluice_plugin.errors import Refused

_SNAPSHOTS, _BLOBS = "snapshots", "blobs"


@dataclass(frozen=True)
class Staged:
    """What of a folder is uploaded."""

    left_out: tuple[str, ...]
    """Files that are no part of the model."""
    ignored: tuple[str, ...]
    """Keys of its configuration that neither training nor serving will see."""


def stage_folder(source: Path, target: Path) -> Staged:
    """Link the files of the model below `target`, so that nothing large is copied. Raises Refused."""
    names = sorted(path.name for path in source.iterdir())
    wanted = [name for name in names if name in SMALL_FILES or name.endswith(SUFFIX)]
    for name in wanted:
        (target / name).symlink_to(_real_file(source, name))
    found = _inspect(source, target, names)
    for name in found.files.left_out:
        (target / name).unlink(missing_ok=True)
    return Staged(found.files.left_out, found.ignored)


def _inspect(source: Path, target: Path, names: Sequence[str]) -> Inspected:
    staged = FolderSource(target)
    staged.sizes = dict.fromkeys(names, 0) | staged.sizes
    try:
        found = inspect_model(staged)
        check_finite(staged, found.tensors)
    except Unsupported as error:
        raise Refused(f"{source}: {error}") from error
    return found


def _real_file(source: Path, name: str) -> Path:
    """The regular file that a name stands for, inside the folder or among the blobs of its hub cache."""
    path = source / name
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise Refused(f"{path} is a link that leads nowhere: fetch the model again") from error
    if real.parent not in list(_allowed(source)):
        raise Refused(
            f"{path} is a link out of the folder, to {real}: only links into the folder, or from a hub's "
            f"{_SNAPSHOTS} into its {_BLOBS}, are followed; put the file itself there"
        )
    if not stat.S_ISREG(real.stat().st_mode):
        raise Refused(f"{path} is no regular file: put the file itself there")
    return real


def _allowed(source: Path) -> Iterator[Path]:
    """Folders that the model's files may lie in."""
    folder = source.resolve()
    yield folder
    blobs = folder.parent.parent / _BLOBS
    if folder.parent.name == _SNAPSHOTS and not blobs.is_symlink():
        yield blobs
