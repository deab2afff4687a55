"""The termination message: the report as the kubelet carries it to the operator, and as a line on stdout."""

from pathlib import Path

from sluice_api.contracts.envelope import TERMINATION_FILE, Report


def deliver(report: Report, path: Path = Path(TERMINATION_FILE)) -> None:
    """Write the report where the kubelet looks, if this is a Pod, and to stdout."""
    message = report.encode()
    # The kubelet makes the file before the container starts. Elsewhere it is absent, and stays so.
    if path.exists():
        path.write_bytes(message)
    print(message.decode(), flush=True)  # noqa: T201 - the result of the command
