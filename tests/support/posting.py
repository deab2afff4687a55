"""Reports of progress as a training Pod posts them, with a token that the API server made for that Pod."""

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from sluice_api import meta
from support.teamspace import Raw, Teamspace


def training_pods(space: Teamspace) -> list[Raw]:
    return [p for p in space.list("Pod") if p["metadata"]["labels"].get(meta.LABEL_STAGE) == "train"]


def percent(space: Teamspace) -> int | None:
    found: int | None = space.get("TrainingRun", "good").get("status", {}).get("progress", {}).get("percent")
    return found


def token_for(space: Teamspace, pod: Raw, audience: str) -> str:
    bound = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
    }
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": [audience], "boundObjectRef": bound},
    }
    path = f"/api/v1/namespaces/{space.name}/serviceaccounts/default/token"
    return str(space.api.call("POST", path, body).body["status"]["token"])


class Poster:
    """Reports as the stock callback of Hugging Face does."""

    def __init__(self, url: str, ca_pem: str) -> None:
        self._url = url
        self._context = ssl.create_default_context(cadata=ca_pem)

    def __call__(self, token: str, done: int) -> int:
        metrics = [{"name": "current_step", "value": str(done)}, {"name": "total_steps", "value": "100"}]
        status: dict[str, Any] = {
            "progressPercentage": done,
            "estimatedRemainingSeconds": 9,
            "metrics": metrics,
        }
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = json.dumps({"trainerStatus": status}).encode()
        request = urllib.request.Request(self._url, data=data, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=5, context=self._context) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
