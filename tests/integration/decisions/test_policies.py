"""The policies themselves: the API server understands each of them."""

import json

from sluice_localcluster import ControlPlane
from sluice_localcluster.probe import wait_until


def policies(plane: ControlPlane) -> list[dict]:
    found = plane.kubectl("get", "validatingadmissionpolicies", "-o", "json")
    return list(json.loads(found)["items"])


def test_the_api_server_finds_no_mistake_in_their_types(plane: ControlPlane) -> None:
    def all_are_checked() -> bool:
        return all("observedGeneration" in p.get("status", {}) for p in policies(plane))

    wait_until("type checking", all_are_checked, 60)
    warnings = {
        p["metadata"]["name"]: p["status"]["typeChecking"]["expressionWarnings"]
        for p in policies(plane)
        if p["status"].get("typeChecking", {}).get("expressionWarnings")
    }
    assert not warnings
    assert len(policies(plane)) == 21
