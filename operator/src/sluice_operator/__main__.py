"""`python -m sluice_operator`: arguments, settings, logs, and the exit code. Everything else is elsewhere."""

import argparse
import asyncio
import importlib.metadata
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import kopf
import yaml
from pydantic import ValidationError

from sluice_operator import logs, metrics, settings
from sluice_operator.handlers.assembly import Parts
from sluice_operator.handlers.lifecycle import Addresses, CannotStart, run
from sluice_operator.lease import LeaseLost
from sluice_operator.reconcile import Planners

LOG = logging.getLogger("sluice_operator")
EXIT_SETTINGS = 64
EXIT_FAILED = 1


def main(argv: Sequence[str] | None = None, planners: Planners | None = None) -> int:
    """Run the operator until it is told to stop. Tests bring planners of their own."""
    arguments = _parse(argv)
    logs.set_up(arguments.log_level)
    try:
        found = settings.load(arguments.settings)
    except (OSError, ValidationError, yaml.YAMLError) as error:
        LOG.error("settings cannot be read", extra={"file": str(arguments.settings), "error": _told(error)})
        return EXIT_SETTINGS
    version = _version()
    LOG.info("starting", extra={"version": version, "settings": found.dump()})
    if found.chart_version not in (None, version):
        LOG.warning(
            "the chart and its CRDs are made for another version of the operator", extra=_mismatch(found)
        )
    metrics.BUILD_INFO.labels(version).set(1)
    try:
        asyncio.run(_run(arguments, found, planners or _planners()))
    except (CannotStart, LeaseLost, kopf.LoginError) as error:
        LOG.error("stopping", extra={"error": str(error)})
        return EXIT_FAILED
    except Exception:
        LOG.exception("the operator failed")
        return EXIT_FAILED
    LOG.info("stopped")
    return 0


async def _run(arguments: argparse.Namespace, found: settings.Settings, planners: Planners) -> None:
    parts = Parts.assemble(found, planners, arguments.identity, arguments.kubeconfig)
    try:
        await run(parts, Addresses(arguments.host, arguments.health_port, arguments.progress_port))
    finally:
        parts.close()


def _planners() -> Planners:
    from sluice_operator.plans import PLANNERS

    return PLANNERS


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "sluice-operator", description="Kubernetes operator for small language models"
    )
    parser.add_argument("--settings", type=Path, required=True, help="YAML file of settings")
    parser.add_argument("--kubeconfig", type=Path, help="for development; absent: the Pod's service account")
    parser.add_argument("--identity", default=_identity(), help="name of this process in the Lease")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104 - it is a Pod's
    parser.add_argument("--health-port", type=int, default=8080, help="port of /livez, /readyz and /metrics")
    parser.add_argument("--progress-port", type=int, default=8443, help="port of the progress endpoint")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    return parser.parse_args(argv)


def _mismatch(found: settings.Settings) -> dict[str, str]:
    step = "upgrade with --reset-then-reuse-values; --reuse-values keeps the image of the release before"
    return {"version": _version(), "chartVersion": str(found.chart_version), "nextStep": step}


def _told(error: Exception) -> str:
    """What is wrong, without the value that is: it may be a secret."""
    if not isinstance(error, ValidationError):
        return str(error)
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)


def _version() -> str:
    try:
        return importlib.metadata.version("sluice-operator")
    except importlib.metadata.PackageNotFoundError:
        return "checkout"


def _identity() -> str:
    # In a Pod the host name is the Pod's, and a restarted container may go on with its own Lease at once.
    is_pod = "KUBERNETES_SERVICE_HOST" in os.environ
    return socket.gethostname() if is_pod else f"{socket.gethostname()}-{os.getpid()}"


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Threads whose request hangs would hold up an ordinary exit until it times out.
    os._exit(code)
