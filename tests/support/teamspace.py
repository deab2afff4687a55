"""A namespace of a real control plane, seen with the operator's own names of kinds."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sluice_api import meta
from sluice_localcluster.probe import wait_until
from sluice_operator.kinds import EVENT, WATCHED, Kind
from support.kubeapi import KubeApi

MERGE = "application/merge-patch+json"
Raw = dict[str, Any]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Teamspace:
    """One namespace."""

    api: KubeApi
    name: str

    @classmethod
    def make(cls, api: KubeApi) -> "Teamspace":
        space = cls(api, f"team-{next(_numbers)}")
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space.name}}
        space._must(api.call("POST", "/api/v1/namespaces", body))
        return space

    def add(self, kind: Kind, name: str, spec: Raw, labels: dict[str, str] | None = None) -> Raw:
        """Create one of our objects."""
        body = {
            "apiVersion": meta.API_VERSION,
            "kind": kind,
            "metadata": {"name": name, "namespace": self.name, "labels": labels or {}},
            "spec": spec,
        }
        return self.post(kind, body)

    def post(self, kind: Kind, body: Raw) -> Raw:
        """Create an object of any watched kind."""
        return self._must(self.api.call("POST", WATCHED[kind].path(self.name), body))

    def events(self, reason: str) -> list[str]:
        """What the Events of a reason say."""
        found = self._must(self.api.call("GET", EVENT.path(self.name)))["items"]
        return [event["note"] for event in found if event["reason"] == reason]

    def find(self, kind: Kind, name: str) -> Raw | None:
        """An object, or None."""
        answer = self.api.call("GET", WATCHED[kind].path(self.name, name))
        return None if answer.code == 404 else self._must(answer)

    def get(self, kind: Kind, name: str) -> Raw:
        """An object that must be there."""
        found = self.find(kind, name)
        assert found is not None, f"{kind} {name} is missing"
        return found

    def list(self, kind: Kind) -> list[Raw]:
        """All objects of a kind."""
        return list(self._must(self.api.call("GET", WATCHED[kind].path(self.name)))["items"])

    def patch(self, kind: Kind, name: str, body: Raw, subresource: str = "") -> Raw:
        """Merge patch."""
        return self._must(
            self.api.call("PATCH", WATCHED[kind].path(self.name, name, subresource), body, MERGE)
        )

    def delete(self, kind: Kind, name: str, **options: Any) -> None:
        """Delete in the background."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", **options}
        self._must(self.api.call("DELETE", WATCHED[kind].path(self.name, name), body))

    def condition(self, kind: Kind, name: str, condition: str) -> Raw:
        """A condition, or an empty one."""
        status = (self.find(kind, name) or {}).get("status", {})
        return next((c for c in status.get("conditions", []) if c["type"] == condition), {})

    def wait(self, what: str, holds: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something holds."""
        wait_until(f"{what} in {self.name}", holds, seconds)

    def wait_condition(
        self, kind: Kind, name: str, condition: str, status: str = "True", seconds: float = 60
    ) -> None:
        """Wait until a condition has that status."""
        what = f"{kind} {name} {condition}={status}"
        self.wait(what, lambda: self.condition(kind, name, condition).get("status") == status, seconds)

    def bind(self, user: str, role: str) -> None:
        """Bind a user of the API server to a ClusterRole in this namespace."""
        group = "rbac.authorization.k8s.io"
        body = {
            "metadata": {"name": f"{user}-{role}".replace(":", "-")},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        }
        self._must(self.api.call("POST", f"/apis/{group}/v1/namespaces/{self.name}/rolebindings", body))

    def _must(self, answer: Any) -> Raw:
        assert 200 <= answer.code < 300, f"{answer.code}: {answer.message}"
        return dict(answer.body)
