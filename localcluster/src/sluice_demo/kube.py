"""kubectl and helm, as a user would call them."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sluice_localcluster.errors import LocalClusterError

Json = dict[str, Any]


class Kube:
    """Command-line tools with the cluster's environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = {**os.environ, **environment}

    def run(self, *argv: str, stdin: str = "", timeout: float = 600) -> str:
        """Run a command and return its output; a failure carries what it said."""
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
            timeout=timeout,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise LocalClusterError(f"`{' '.join(argv)}` failed: {said}")
        return done.stdout

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl."""
        return self.run("kubectl", *arguments, stdin=stdin)

    def get(self, *arguments: str) -> Json:
        """An object or a list, as JSON."""
        found: Json = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found

    def apply(self, *manifests: Json) -> None:
        """Apply manifests."""
        body: Json = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(body))

    def apply_file(self, namespace: str, file: Path) -> str:
        """Apply a file as a user would, and return what kubectl said."""
        return self.kubectl("apply", "-n", namespace, "-f", str(file))
