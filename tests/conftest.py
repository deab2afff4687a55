"""Which tests run on the same worker: those of one file, and those of a folder that shares a control plane.

A control plane costs ten seconds of a core to start, and what a file's tests share is made once per worker.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# How long an example takes says nothing on a busy machine.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

SHARED = ("tests/integration/decisions", "tests/contract")
"""Folders with a control plane of their own; the operator's tests are too many for one worker."""


class RoomScheduling(LoadScopeScheduling):
    """Hands out files and shared folders whole, in their order (pytest 9.2 breaks xdist's own groups)."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in SHARED if file.startswith(f"{folder}/")), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> RoomScheduling:
    return RoomScheduling(config, log)
