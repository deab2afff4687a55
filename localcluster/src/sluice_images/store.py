"""The one place that runs buildah and knows how it keeps images on disk.

Every command runs in namespaces of its own with a fresh run folder, so that no mount and
no process outlives it, even when it is killed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.visible import run_visibly, tail

# Mounts and processes of its own, which end with us: a killed build leaves nothing running.
_ALONE = (
    *("setpriv", "--pdeathsig", "KILL", "--"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
)


@dataclass(frozen=True)
class Layer:
    """One layer: the digest of its content, and the folder that holds it."""

    digest: str
    folder: Path


@dataclass(frozen=True)
class StoredImage:
    """An image as the registry's protocol would show it, and its layers, lowest first."""

    manifest: bytes
    config: bytes
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> str:
        """The digest of the manifest, by which Kubernetes pins an image."""
        return sha256(self.manifest)


class Store:
    """A folder of images and layers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._storage = folder / "storage"

    def has(self, reference: str) -> bool:
        """Say whether an image of that name is there."""
        return any(reference in image.get("names", ()) for image in self._index("overlay-images/images.json"))

    def names(self) -> list[str]:
        """Return the names of all images."""
        images = self._index("overlay-images/images.json")
        return sorted(name for image in images for name in image.get("names", ()))

    def scratch(self) -> Path:
        """Return the folder for what a command needs while it runs."""
        folder = self.folder / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def tidy(self) -> None:
        """Remove what killed builds left; only the holder of the build lock may."""
        shutil.rmtree(self.scratch())
        self.run("rm", "--all")

    def run(self, *arguments: str) -> str:
        """Run buildah to its end and return what it prints."""
        with tempfile.TemporaryDirectory(dir=self.scratch()) as run_folder:
            argv, env = self._argv(run_folder, arguments), self._environment()
            result = subprocess.run(argv, capture_output=True, text=True, check=False, env=env)
        if result.returncode != 0:
            said = result.stderr.strip()[-2000:]
            raise LocalClusterError(f"`buildah {' '.join(arguments)}` failed: {said}")
        return result.stdout

    def run_visibly(self, what: str, arguments: Sequence[str], folder: Path) -> float:
        """Run buildah to its end, showing how far it is; return the seconds it took."""
        log = self.folder / "build.log"
        with tempfile.TemporaryDirectory(dir=self.scratch()) as run_folder:
            argv = self._argv(run_folder, arguments)
            code, seconds = run_visibly(what, argv, log, folder=folder, env=self._environment())
        if code != 0:
            raise LocalClusterError(f"{what} failed; {log} ends with:\n{tail(log, 25)}")
        return seconds

    def inspect(self, reference: str) -> StoredImage:
        """Return an image with its layers."""
        found = json.loads(self.run("inspect", "--type", "image", reference))
        manifest, config = found["Manifest"].encode(), found["Config"].encode()
        layers = self._layers_of(found["FromImageID"])
        expected = json.loads(config)["rootfs"]["diff_ids"]
        if [layer.digest for layer in layers] != expected or sha256(manifest) != found["FromImageDigest"]:
            raise LocalClusterError(
                f"the cached image {reference} is damaged; delete {self.folder} and build again"
            )
        return StoredImage(manifest, config, layers)

    def _layers_of(self, image: str) -> tuple[Layer, ...]:
        layers = {layer["id"]: layer for layer in self._index("overlay-layers/layers.json")}
        top = next(entry for entry in self._index("overlay-images/images.json") if entry["id"] == image)
        chain: list[Layer] = []
        at: str | None = top["layer"]
        while at:
            folder = self._storage / "overlay" / at / "diff"
            chain.insert(0, Layer(layers[at]["diff-digest"], folder))
            at = layers[at].get("parent")
        return tuple(chain)

    def _index(self, name: str) -> list[dict[str, str]]:
        path = self._storage / name
        return list(json.loads(path.read_text())) if path.exists() else []

    def _argv(self, run_folder: str, arguments: Sequence[str]) -> list[str]:
        storage = ["--root", str(self._storage), "--runroot", run_folder, "--storage-driver", "overlay"]
        return [*_ALONE, "buildah", *storage, *arguments]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "BUILDAH_ISOLATION": "chroot", "TMPDIR": str(self.scratch())}


def sha256(content: bytes) -> str:
    """Return the digest of some bytes the way registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
