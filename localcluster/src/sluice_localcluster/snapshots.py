"""Which containerd snapshotter works here: overlays where the file system allows them."""

import subprocess
import tempfile
from pathlib import Path

from sluice_localcluster.progress import say


def choose(folder: Path) -> str:
    """Return `overlayfs` if an overlay can be mounted in `folder`, else `native` (copies)."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        for name in ("lower", "upper", "work", "merged"):
            (Path(work) / name).mkdir()
        layers = f"lowerdir={work}/lower,upperdir={work}/upper,workdir={work}/work"
        mount = ["mount", "-t", "overlay", "overlay", "-o", layers, f"{work}/merged"]
        # The mount lives in a namespace of its own and ends with the command.
        result = subprocess.run(
            ["unshare", "--mount", "--", *mount], capture_output=True, text=True, check=False
        )
    if result.returncode == 0:
        return "overlayfs"
    say(f"no overlays in {folder} ({result.stderr.strip()}); images are copied instead")
    return "native"
