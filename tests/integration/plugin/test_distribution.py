"""The plugin as people install it: one wheel with all that it needs of the project."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = {"sluice_api", "sluice_model", "sluice_store", "sluice_operator", "sluice_plugin"}
ABSENT = ("kopf", "aiohttp", "cryptography", "jwt", "torch", "transformers")
"""What the wheel does not ask for: an import of one of them fails for whoever installs it."""
RUN = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT!r}))
from sluice_plugin.__main__ import main
sys.exit(main(["plan", "--offline", "-f", "docs/examples/quickstart"]))
"""


def test_the_wheel_holds_all_it_needs_and_runs_without_the_operators_libraries(tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    build = [str(uv), "build", "--wheel", "--quiet", "--no-build-isolation", "--offline"]
    subprocess.run(
        [*build, "--python", sys.executable, "--out-dir", str(tmp_path), str(ROOT / "plugin")], check=True
    )
    [wheel] = tmp_path.glob("kubectl_sluice-*.whl")
    target = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(target)
    found = {path.name for path in target.iterdir() if not path.name.endswith(".dist-info")}
    assert found == PACKAGES
    told = subprocess.run(
        [sys.executable, "-c", RUN],
        env={"PATH": os.defpath, "PYTHONPATH": str(target)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.endswith("Nothing was written.\n")
