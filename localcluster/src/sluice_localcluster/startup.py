"""Starting a component and waiting until it is ready, or until it has died.

The order in which components start is their owners' business.
"""

from sluice_localcluster.components import Component
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.probe import answers, wait_until
from sluice_localcluster.process import Processes

READY_SECONDS = 120.0  # a busy machine is slow, not broken


def start_and_wait(processes: Processes, component: Component) -> float:
    """Start a component unless it runs, and wait for its probe; returns the seconds waited."""
    if processes.find(component.name) is None:
        processes.start(component.name, component.argv, component.extra_env)
    return wait_ready(processes, component)


def wait_ready(processes: Processes, component: Component) -> float:
    """Wait for the component's probe; its death ends the wait with the end of its log."""

    def check_alive() -> None:
        if processes.find(component.name) is None:
            raise LocalClusterError(processes.describe_death(component.name))

    def is_ready() -> bool:
        return answers(component.probe_url, component.ready_codes)

    return wait_until(component.name, is_ready, READY_SECONDS, check_alive)
