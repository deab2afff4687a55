"""Watching the four kinds until something holds, with one line per change."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from sluice_demo.kube import Json, Kube
from sluice_demo.story import elapsed, tell
from sluice_localcluster.errors import LocalClusterError

KINDS = "datasetpacks,trainingruns,evalgates,modeldeployments"


class Watch:
    """What was told already, so that only changes are told."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._told: dict[str, str] = {}

    def until(self, holds: Callable[[Mapping[str, Json]], bool], seconds: float) -> Mapping[str, Json]:
        """Tell changes until `holds` says so of all objects by `Kind/name`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self._look()
            for name, item in found.items():
                self._tell(name, item)
            if holds(found):
                return found
            time.sleep(1)
        raise LocalClusterError(
            f"not reached within {seconds:.0f} s; see `kubectl describe` in {self._namespace}"
        )

    def _look(self) -> dict[str, Json]:
        items = self._kube.get(KINDS, "-n", self._namespace)["items"]
        return {f"{i['kind']}/{i['metadata']['name']}": i for i in items}

    def _tell(self, name: str, item: Json) -> None:
        line = describe(item)
        if self._told.get(name) != line:
            self._told[name] = line
            tell(f"[{elapsed():5.0f} s]    {name:<28} {line}")


def describe(item: Mapping[str, Any]) -> str:
    """Phase, progress and message of an object, as its status tells them."""
    status = item.get("status", {})
    ready = condition(item, "Ready")
    progress = status.get("progress", {})
    percent = f" {progress['percent'] // 10 * 10}%" if "percent" in progress else ""
    return f"{status.get('phase', 'Pending')}{percent}: {ready.get('message', '')}"


def condition(item: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """A condition of an object, or an empty one."""
    found = item.get("status", {}).get("conditions", [])
    return next((c for c in found if c["type"] == kind), {})


def is_true(item: Mapping[str, Any] | None, kind: str) -> bool:
    """Whether a condition holds for the object's present generation."""
    if item is None:
        return False
    found = condition(item, kind)
    return found.get("status") == "True" and found.get("observedGeneration") == item["metadata"]["generation"]
