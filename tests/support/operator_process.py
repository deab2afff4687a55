"""The real operator as a process of its own: start, stop, kill, pause, and read what it said."""

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from sluice_localcluster.probe import wait_until
from support.zygote import zygote

START_SECONDS = 60
OPERATOR = "sluice-operator-under-test"
"""User of operators, by whom the audit log tells their writes."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class OperatorProcess:
    """One operator; its Lease and its Secret are in `operator_namespace` of the settings."""

    folder: Path
    kubeconfig: Path
    settings: Mapping[str, Any]
    identity: str = "one"
    module: str = "sluice_operator.__main__"
    environment: Mapping[str, str] = field(default_factory=dict)
    health_port: int = field(default_factory=free_port)
    progress_port: int = field(default_factory=free_port)
    pid: int = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pid and self.code is None:
            self.kill()

    @property
    def log_file(self) -> Path:
        return self.folder / f"operator-{self.identity}.log"

    @property
    def code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return zygote().code(self.pid)

    def start(self, *, wait: bool = True, **environment: str) -> None:
        """Start it, and wait until its cache is filled."""
        self.pid = self.launch(self.prepare(), {**self.environment, **environment})
        if wait:
            wait_until("the operator", self.is_ready, START_SECONDS, self._check_alive)

    def prepare(self) -> list[str]:
        """Write its settings; the arguments of its command."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"settings-{self.identity}.yaml"
        file.write_text(yaml.safe_dump(dict(self.settings)))
        return [
            f"--settings={file}",
            f"--kubeconfig={self.kubeconfig}",
            f"--identity={self.identity}",
            "--host=127.0.0.1",
            f"--health-port={self.health_port}",
            f"--progress-port={self.progress_port}",
        ]

    def launch(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Start the process; its id."""
        return zygote().start(self.module, arguments, environment, self.log_file)

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def get(self, path: str) -> tuple[int, str]:
        """Ask a probe; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name: str) -> float:
        """Sum of a metric's samples."""
        lines = (line for line in self.get("/metrics")[1].splitlines() if line.startswith(name))
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line[len(name)] in " {")

    def stop(self, seconds: float = 30) -> int:
        """SIGTERM; the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait(seconds)

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait(30)

    def wait(self, seconds: float) -> int:
        """Wait until it ends by itself; the exit code."""
        wait_until("the operator's end", lambda: self.code is not None, seconds)
        code = self.code
        assert code is not None
        return code

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def rss_megabytes(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(x for x in status.splitlines() if x.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def log(self) -> list[dict[str, Any]]:
        """What it said, as JSON; other lines under the key `text`."""
        lines = self.log_file.read_text().splitlines() if self.log_file.exists() else []
        return [json.loads(line) if line.startswith("{") else {"text": line} for line in lines]

    def _check_alive(self) -> None:
        if self.code is not None:
            raise AssertionError(f"the operator ended with {self.code}:\n{self.log_file.read_text()[-4000:]}")


MakeOperator = Callable[..., OperatorProcess]
"""Makes an operator for the test's namespace: `identity`, `module`, and settings by name."""
