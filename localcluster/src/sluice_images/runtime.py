"""Handing an image to a containerd, without an archive in between.

Layers are hard links from the image store into containerd's snapshots: gigabytes arrive
in seconds and are on the disk once. Only containerd's own commands are used; the files
of a lower layer are never written by anybody.
"""

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from sluice_images.store import Layer, StoredImage, sha256
from sluice_localcluster.errors import LocalClusterError

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_PARENT_LABEL = "containerd.io/gc.ref.snapshot.overlayfs"


class Containerd:
    """A containerd, reached through the command line of its client."""

    def __init__(self, ctr: Sequence[str]) -> None:
        """Take the words that `ctr` is called with, up to and including the namespace."""
        self._ctr = tuple(ctr)

    def load(self, reference: str, image: StoredImage) -> None:
        """Give the image its name in containerd, with all its layers."""
        chain = chain_ids(layer.digest for layer in image.layers)
        there = self._snapshots()
        for (parent, snapshot), layer in zip(pairwise(["", *chain]), image.layers, strict=True):
            if snapshot not in there:
                self._add(layer, snapshot, parent)
        self._run("images", "import", "--no-unpack", "-", stdin=index_archive(reference, image))
        # The collector of unused content keeps a snapshot as long as some content names it.
        self._run("content", "label", sha256(image.config), f"{_PARENT_LABEL}={chain[-1]}")

    def _add(self, layer: Layer, snapshot: str, parent: str) -> None:
        key = f"sluice-{snapshot}"
        if key in self._snapshots():  # left by a killed run
            self._run("snapshots", "--snapshotter", "overlayfs", "remove", key)
        self._run("snapshots", "--snapshotter", "overlayfs", "prepare", key, *filter(None, [parent]))
        mounts = self._run("snapshots", "--snapshotter", "overlayfs", "mounts", "/unused", key)
        copy_layer(layer.folder, writable_folder(mounts))
        self._run("snapshots", "--snapshotter", "overlayfs", "commit", snapshot, key)

    def _snapshots(self) -> set[str]:
        listing = self._run("snapshots", "--snapshotter", "overlayfs", "list")
        return {line.split()[0] for line in listing.splitlines()[1:]}

    def _run(self, *arguments: str, stdin: bytes | None = None) -> str:
        result = subprocess.run([*self._ctr, *arguments], input=stdin, capture_output=True, check=False)
        if result.returncode != 0:
            raise LocalClusterError(f"`ctr {' '.join(arguments)}` failed: {result.stderr.decode().strip()}")
        return result.stdout.decode()


def chain_ids(digests: Iterable[str]) -> list[str]:
    """Return the names of the stacked layers, as the OCI image specification defines them."""
    chain: list[str] = []
    for digest in digests:
        chain.append(sha256(f"{chain[-1]} {digest}".encode()) if chain else digest)
    return chain


def writable_folder(mounts: str) -> Path:
    """Return where a new snapshot's own files go, from the mount command that ctr prints."""
    words = mounts.replace(",", " ").split()
    upper = [word.removeprefix("upperdir=") for word in words if word.startswith("upperdir=")]
    source = [word for word in words if word.startswith("/") and word.endswith("/fs")]
    if not upper and not source:
        raise LocalClusterError(f"ctr printed a mount that names no folder of the snapshot: {mounts.strip()}")
    return Path((upper or source)[0])


def copy_layer(source: Path, target: Path) -> None:
    """Link a layer's files into a snapshot, or copy them to another file system."""
    same = source.stat().st_dev == target.stat().st_dev
    how = ["--link"] if same else []
    command = ["cp", "--archive", *how, f"{source}/.", str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise LocalClusterError(f"a layer was not copied to {target}: {result.stderr.strip()[-500:]}")


def index_archive(reference: str, image: StoredImage) -> bytes:
    """Return an OCI archive with everything about an image but its layers."""
    name = {"io.containerd.image.name": reference}
    entry = {"mediaType": _MANIFEST, "digest": image.digest, "size": len(image.manifest), "annotations": name}
    blobs = (image.manifest, image.config)
    files = {
        "oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode(),
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
        **{f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}": blob for blob in blobs},
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
