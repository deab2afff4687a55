"""The base image that the Dockerfiles start from, made of Debian's packages.

It stands in for the public image of the same name, since there may be no registry: the
same packages, without documentation and translations.
"""

import hashlib
import platform
import tempfile
from pathlib import Path

from sluice_images.recipes import BASE
from sluice_images.settings import debian_mirror
from sluice_images.store import Store
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.progress import say
from sluice_localcluster.visible import run_visibly, tail

SUITE = "bookworm"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LEFT_OUT = ("doc", "groff", "info", "lintian", "linda", "locale", "man")
_OPTIONS = (
    "--variant=minbase",
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
)


def base_key() -> str:
    """Return a hash of what the base image is made from."""
    return hashlib.sha256(repr((platform.machine(), SUITE, _OPTIONS)).encode()).hexdigest()


def ensure_base(store: Store) -> None:
    """Make the base image, unless it is there."""
    marker = f"localhost/sluice-base:{base_key()[:16]}"
    if store.has(marker) and store.has(BASE):
        return
    say("making the Debian base image (about 1 minute)")
    with tempfile.TemporaryDirectory(dir=store.folder) as work:
        archive = Path(work) / "base.tar"
        _bootstrap(archive, store.folder / "base.log")
        container = store.run("from", "scratch").strip()
        store.run("add", container, str(archive), "/")
        store.run("config", "--cmd", "bash", container)
        store.run("commit", "--quiet", "--rm", container, marker)
    store.run("tag", marker, BASE)


def _bootstrap(archive: Path, log: Path) -> None:
    mirror = debian_mirror(SUITE)
    where = [mirror] if mirror else []
    argv = ["mmdebstrap", *_OPTIONS, f"--keyring={_KEYRING}", SUITE, str(archive), *where]
    code, _ = run_visibly("making the Debian base image", argv, log)
    if code != 0:
        raise LocalClusterError(f"mmdebstrap failed; {log} ends with:\n{tail(log, 10)}")
