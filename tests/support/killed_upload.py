"""Uploads a folder in a process of its own, which is killed at a chosen step: python killed_upload.py ..."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sluice_api.contracts.envelope import StoreSettings
from sluice_store import s3
from sluice_store.files import upload_folder
from sluice_store.open import open_store


def upload_and_die(settings: StoreSettings, local: Path, folder: str, step: str) -> int:
    """Run this module as a program; returns how it ended, which must be by SIGKILL."""
    argv = [sys.executable, __file__, settings.model_dump_json(by_alias=True), str(local), folder, step]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(argv, env=environment, check=False).returncode


def main() -> None:
    settings = StoreSettings.model_validate_json(sys.argv[1])
    store = open_store(settings)
    folder, step = sys.argv[3], sys.argv[4]
    if step == "third file":
        store.upload = third(store.upload)  # type: ignore[method-assign]
    elif step == "manifest":
        store.write = die  # type: ignore[method-assign]
    elif step == "copy":
        shutil.copyfile = half_a_copy  # type: ignore[assignment]
    elif step == "third part":
        client = s3.client(settings.endpoint, settings.region, settings.ca_pem)
        client.meta.events.register("before-send.s3.UploadPart", third(lambda **_: None))
    upload_folder(store, Path(sys.argv[2]), folder, {})


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def third(call: Callable[..., None]) -> Callable[..., None]:
    """The call, which is the last when it is the third."""
    count = itertools.count(1)

    def counted(*args: object, **named: object) -> None:
        if next(count) == 3:
            die()
        call(*args, **named)

    return counted


def half_a_copy(source: Path, target: Path) -> None:
    data = source.read_bytes()
    target.write_bytes(data[: len(data) // 2])
    die()


if __name__ == "__main__":
    main()
