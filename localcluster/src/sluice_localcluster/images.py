"""Container images without a registry: archives are imported into the node's runtime.

Building images is not done here, apart from the sandbox image, which is one static
file.
"""

import hashlib
import io
import json
import platform
import re
import tarfile
import tempfile
from pathlib import Path

from sluice_localcluster import binaries, namespaces
from sluice_localcluster.cluster import Cluster
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.node import CONTAINERD_SOCKET, PAUSE_IMAGE
from sluice_localcluster.progress import say
from sluice_localcluster.visible import run_visibly, tail

_IMPORTED = re.compile(r"unpacking (\S+) \((sha256:[0-9a-f]+)\)")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def load(cluster: Cluster, archive: Path) -> None:
    """Import a docker or OCI archive, unless exactly its images are there already."""
    stamp = cluster.folder / "images" / content_identity(archive)
    if stamp.exists() and set(stamp.read_text().splitlines()) <= _images(cluster):
        say(f"{archive.name} is loaded already")
        return
    say(f"loading {archive.name} ({archive.stat().st_size / 1e6:.0f} MB)")
    log = cluster.processes.log_file("image-import")
    argv = _import(cluster, archive)
    code, seconds = run_visibly(f"loading {archive.name}", argv, log)
    if code != 0:
        raise LocalClusterError(f"{archive} was not imported:\n{tail(log, 10)}")
    imported = parse_import(log.read_text())
    if imported:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text("\n".join(imported))
    say(f"loaded {', '.join(imported) or archive.name} in {seconds:.0f} s")


def load_pause(cluster: Cluster) -> None:
    """Make and import the sandbox image, unless it is there."""
    if any(image.startswith(f"{PAUSE_IMAGE} ") for image in _images(cluster)):
        return
    program = binaries.folder_of(binaries.PAUSE) / "pause"
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "pause.tar"
        archive.write_bytes(pause_archive(program.read_bytes(), platform.machine()))
        namespaces.run(_import(cluster, archive))


def parse_import(output: str) -> list[str]:
    """Return `name digest` of each image that ctr said it imported."""
    return [f"{name} {digest}" for name, digest in _IMPORTED.findall(output)]


def parse_list(output: str) -> set[str]:
    """Return `name digest` of each image in ctr's table (name, type, digest, ...)."""
    rows = [line.split() for line in output.splitlines()[1:]]
    return {f"{row[0]} {row[2]}" for row in rows}


def content_identity(archive: Path) -> str:
    """Return a hash that two archives share exactly if they hold the same images.

    An archive's index names its parts by digest, so the parts need not be read.
    """
    digest = hashlib.sha256()
    with _open(archive) as files:
        members = set(files.getnames())
        if "manifest.json" in members:
            digest.update(_read(files, "manifest.json"))
            for image in json.loads(_read(files, "manifest.json")):
                digest.update(_read(files, image["Config"]))
        elif "index.json" in members:
            digest.update(_read(files, "index.json"))
        else:
            raise LocalClusterError(f"{archive} is neither a docker archive nor an OCI archive")
    return digest.hexdigest()


def pause_archive(program: bytes, machine: str) -> bytes:
    """Return a docker archive with one file in one layer, the same bytes every time."""
    layer = _tar({"pause": program}, mode=0o755)
    config = {
        "architecture": _ARCHITECTURES[machine],
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    image = [{"Config": "config.json", "RepoTags": [PAUSE_IMAGE], "Layers": ["layer.tar"]}]
    return _tar(
        {
            "config.json": json.dumps(config).encode(),
            "layer.tar": layer,
            "manifest.json": json.dumps(image).encode(),
        }
    )


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _open(archive: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(archive)
    except (FileNotFoundError, tarfile.ReadError) as error:
        raise LocalClusterError(f"{archive} is no readable tar archive: {error}") from error


def _read(files: tarfile.TarFile, name: str) -> bytes:
    member = files.extractfile(name)
    if member is None:
        raise LocalClusterError(f"{name} is missing in the archive {files.name!r}")
    return member.read()


def _images(cluster: Cluster) -> set[str]:
    return parse_list(namespaces.run(_ctr(cluster, "images", "list")))


def _import(cluster: Cluster, archive: Path) -> tuple[str, ...]:
    snapshotter = f"--snapshotter={cluster.settings.snapshotter}"
    return _ctr(cluster, "images", "import", snapshotter, str(archive.absolute()))


def _ctr(cluster: Cluster, *arguments: str) -> tuple[str, ...]:
    argv = ["ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io", *arguments]
    return namespaces.enter(namespaces.holder(cluster.processes), argv)
