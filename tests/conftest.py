"""Which tests run on the same worker: those of one file, and those of a folder that shares a control plane.

A control plane costs ten seconds of a core to start, and a tenth of one while it idles.
"""

from pathlib import Path

import pytest

SHARED = ("tests/integration/decisions", "tests/contract")
"""Folders with a control plane of their own; the operator's tests are too many for one worker."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        file = item.path.relative_to(config.rootpath)
        group = next((folder for folder in SHARED if file.is_relative_to(Path(folder))), str(file))
        item.add_marker(pytest.mark.xdist_group(group))
