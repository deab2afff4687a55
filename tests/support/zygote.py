"""Starts operators by fork from a process that has imported everything: a start takes no seconds of import.

`Zygote` is the test's side; run as a module, this file is the process that forks.
"""

import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Zygote:
    """A process that forks on demand; it ends with the tests, when its standard input closes."""

    def __init__(self) -> None:
        path = os.pathsep.join(str(ROOT / p) for p in ("crds/src", "operator/src", "tests"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.zygote"],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()

    def start(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Fork a process that runs `module.main(arguments)`; its process id."""
        order = {"module": module, "arguments": list(arguments), "environment": dict(environment)}
        return int(self._ask(order | {"log": str(log)})["pid"])

    def code(self, pid: int) -> int | None:
        """Exit code of a process that was started, negative for a signal; None while it runs."""
        code = self._ask({"poll": pid})["code"]
        return int(code) if code is not None else None

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@cache
def zygote() -> Zygote:
    """The one of this test process."""
    return Zygote()


def _serve() -> None:
    importlib.import_module("sluice_operator.__main__")
    importlib.import_module("sluice_operator.plans")
    codes: dict[int, int] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "poll" in order:
            answer: dict[str, Any] = {"code": _poll(order["poll"], codes)}
        else:
            answer = {"pid": os.fork() or _become(order)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _poll(pid: int, codes: dict[int, int]) -> int | None:
    if pid not in codes:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            codes[pid] = os.waitstatus_to_exitcode(status)
    return codes.get(pid)


def _become(order: dict[str, Any]) -> int:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    os.environ.update(order["environment"])
    code = 70
    try:
        code = importlib.import_module(order["module"]).main(order["arguments"])
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
