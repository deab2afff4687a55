"""Renders conversations through a template in a process with bounds: see `renderer`."""

import json
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.chat.renderer import CPU_SECONDS

_PROGRAM: Final = Path(__file__).with_name("renderer.py")


class TemplateRefused(Exception):
    """The template raised an error for this conversation."""


class Renderer:
    """One template, and the process that renders it; it starts with the first conversation."""

    def __init__(self, template: str, variables: Mapping[str, str]) -> None:
        self._start = {"template": template, "variables": dict(variables)}
        self._process: subprocess.Popen[str] | None = None
        self._one_at_a_time = threading.Lock()

    def render(self, **given: Any) -> str:
        """Text of a conversation. Raises TemplateRefused, and InputWrong when it breaks a bound."""
        with self._one_at_a_time:
            answer = self._ask(given)
        if "error" in answer:
            raise TemplateRefused(answer["error"])
        if "exceeded" in answer:
            raise _unbounded(answer["exceeded"])
        return str(answer["text"])

    def _ask(self, given: Mapping[str, Any]) -> dict[str, Any]:
        process = self._running()
        try:
            _write(process.stdin, given)
            assert process.stdout is not None
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise self._ended(process)
        found: dict[str, Any] = json.loads(answer)
        return found

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env={},
            )
            weakref.finalize(self, _end, self._process)
            _write(self._process.stdin, self._start)
        return self._process

    def _ended(self, process: subprocess.Popen[str]) -> InputWrong:
        """Why the process is gone; the next conversation would get a new one."""
        self._process = None
        _end(process)
        if process.returncode == -signal.SIGPROF:
            return _unbounded(f"{CPU_SECONDS} seconds of computing")
        return _unbounded(f"a process can bear, which ended with {process.returncode},")


def _write(pipe: IO[str] | None, message: Mapping[str, Any]) -> None:
    assert pipe is not None
    pipe.write(f"{json.dumps(message)}\n")
    pipe.flush()


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue


def _unbounded(what: str) -> InputWrong:
    return InputWrong(
        reasons.CHAT_TEMPLATE_UNSUPPORTED,
        f"the base model's chat template takes more than {what} for one conversation",
    )
