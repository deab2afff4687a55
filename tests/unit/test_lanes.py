"""`make test` names its folders, so a new one could be forgotten."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_make_test_runs_every_test_once() -> None:
    told = subprocess.run(["make", "-pn", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    lanes = re.findall(r"^(?:ON_PLANES|PLAIN) := (.+)$", told.stdout, re.MULTILINE)
    folders = [ROOT / name for lane in lanes for name in lane.split()]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    files = [file for path in settings["testpaths"] for file in (ROOT / path).rglob("test_*.py")]
    assert len(lanes) == 2
    assert files
    assert {file: sum(file.is_relative_to(f) for f in folders) for file in files} == dict.fromkeys(files, 1)
