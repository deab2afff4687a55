"""Where things live: Go sources in the checkout, binaries in the cache, data in the state folder.

Only locations belong here; nothing is started, built or removed.
"""

import os
from pathlib import Path

from sluice_localcluster.errors import LocalClusterError

GO_FOLDER = Path(__file__).resolve().parents[2] / "go"

_PRIVATE = 0o700
# Inside the node's mount namespace these are the node's own, so its data cannot lie below them.
_HIDDEN_ON_THE_NODE = (Path("/run"), Path("/var/run"), Path("/var/lib"), Path("/var/log"))


def cache_folder() -> Path:
    """Return the folder of everything that is expensive to make and safe to delete."""
    chosen = os.environ.get("SLUICE_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "sluice"


def state_base() -> Path:
    """Return the folder that holds one folder per cluster."""
    return Path(os.environ.get("SLUICE_STATE") or "/var/tmp/sluice")  # noqa: S108 - see own_folder


def state_folder(name: str) -> Path:
    """Return the folder of the cluster `name`; it need not exist."""
    return (state_base() / name).absolute()


def refuse_hidden(folder: Path) -> None:
    """Refuse a state folder that the node itself could not see."""
    for hidden in _HIDDEN_ON_THE_NODE:
        if folder.is_relative_to(hidden):
            raise LocalClusterError(
                f"the state folder {folder} lies below {hidden}, which the node replaces by its "
                "own; set SLUICE_STATE to a folder elsewhere, for example /var/tmp/sluice"
            )


def own_folder(folder: Path) -> Path:
    """Create `folder` for this user alone, and refuse one that another user planted."""
    folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid():
        raise LocalClusterError(
            f"{folder} is a link or belongs to user {found.st_uid}, not to user {os.geteuid()}; "
            "remove it, or set SLUICE_STATE to a folder of your own"
        )
    folder.chmod(_PRIVATE)
    return folder
