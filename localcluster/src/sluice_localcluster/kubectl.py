"""Running our kubectl: the driver's only client of the API server."""

import os
import subprocess
from pathlib import Path

from sluice_localcluster.errors import LocalClusterError


def run_kubectl(binary: Path, kubeconfig: Path, arguments: tuple[str, ...], stdin: str) -> str:
    """Run kubectl and return its output; a failure carries what kubectl said."""
    argv = [str(binary / "kubectl"), f"--kubeconfig={kubeconfig}", *arguments]
    env = {
        **os.environ,
        "NO_PROXY": "*",
        "no_proxy": "*",
        "KUBECACHEDIR": str(kubeconfig.parent / "kubectl-cache"),
    }
    result = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, env=env)
    if result.returncode != 0:
        raise LocalClusterError(f"kubectl {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout
