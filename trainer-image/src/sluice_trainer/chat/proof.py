"""Proves a tokenizer file in a process of its own before it is loaded here: see `probe`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.errors import InputWrong

_PROGRAM: Final = Path(__file__).with_name("probe.py")


def prove_tokenizer(folder: Path) -> None:
    """Raises InputWrong(BASE_MODEL_UNSUPPORTED) when the file cannot be used within bounds."""
    path = folder / "tokenizer.json"
    if not path.exists():
        return
    ended = subprocess.run(
        [sys.executable, "-I", str(_PROGRAM), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        env={"RAYON_NUM_THREADS": str(min(4, len(os.sched_getaffinity(0))))},
    )
    if ended.returncode:
        told = ended.stdout.strip() or f"reading it takes too much time or memory ({ended.returncode})"
        raise InputWrong(reasons.BASE_MODEL_UNSUPPORTED, f"tokenizer.json cannot be used: {told}")
