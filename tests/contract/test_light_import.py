"""The API is for everybody: importing it costs pydantic and nothing else."""

import subprocess
import sys
from pathlib import Path

import sluice_api

SOURCE = Path(sluice_api.__file__).parents[1]
HEAVY = ("torch", "kopf", "kubernetes", "yaml", "boto3", "numpy", "transformers", "aiohttp")
PROGRAM = f"""
import pkgutil, sys
sys.path.insert(0, {str(SOURCE)!r})
import sluice_api
for module in pkgutil.walk_packages(sluice_api.__path__, "sluice_api."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
print(*sorted(set({HEAVY!r}) & sys.modules.keys()))
"""


def test_importing_the_whole_api_loads_nothing_heavy() -> None:
    # -I keeps the tests' own path and site hooks out.
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
