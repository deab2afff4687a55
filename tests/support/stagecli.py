"""Runs stages the way a Pod does, in this process or in one of its own."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sluice_api.contracts.envelope import StoreSettings
from sluice_trainer import __main__ as program
from sluice_trainer import stages

_MAIN = "import os, sys\nfrom sluice_trainer.__main__ import main\nos._exit(main(sys.argv[1:]))"


class Cli:
    """One request, run as often as a test likes."""

    def __init__(self, settings: StoreSettings, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.settings = settings
        self.work = folder / "work"
        self._request = folder / "request.json"
        self._capfd = capfd
        self.log = ""

    def ask(self, stage: str, request: dict[str, Any], **envelope: Any) -> None:
        """Write the request file."""
        told = {"stage": stage, "namespace": "n", "owner": "o", "request": request}
        self._request.write_text(json.dumps({**told, "store": self.settings.dump(), **envelope}))
        self._stage = stage

    def arguments(self, *more: str) -> list[str]:
        return [self._stage, "--request", str(self._request), "--work", str(self.work), *more]

    def run(self, *more: str) -> tuple[int, dict[str, Any]]:
        """Run in this process: exit code and report. The log stands in `log`."""
        self._capfd.readouterr()
        with root_logging_restored():
            code = program.main(self.arguments(*more))
        told = self._capfd.readouterr()
        self.log = told.err
        return code, json.loads(told.out or "{}")

    def start(self, prelude: str) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own, which runs `prelude` first."""
        script = f"{prelude}\n{_MAIN}"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        argv = [sys.executable, "-c", script, *self.arguments()]
        return subprocess.Popen(
            argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )


@contextmanager
def root_logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def install(monkeypatch: pytest.MonkeyPatch, stage: str, run: Callable[..., Any]) -> None:
    """Let a function be the stage."""
    module = ModuleType(f"fake_{stage}")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(stages.STAGES, stage, module.__name__)
