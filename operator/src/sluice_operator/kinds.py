"""Where each kind lives in the API: one table, and the paths made from it. Never requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice_api import datasetpack, deployment, evalgate, meta, trainingrun
from sluice_operator.model import ChildKind, ResourceKind

Kind = ResourceKind | ChildKind


@dataclass(frozen=True)
class KindPath:
    """Group, version, plural and kind, as the API spells them."""

    api_version: str
    kind: str
    plural: str

    @property
    def group(self) -> str:
        """API group; empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """Version without the group."""
        return self.api_version.rpartition("/")[2]

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """Path of the collection or of one object; all namespaces when `namespace` is None."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        parts = [root, *(("namespaces", namespace) if namespace else ()), self.plural, name, subresource]
        return "/".join(part for part in parts if part)


RESOURCES: Mapping[ResourceKind, KindPath] = {
    "DatasetPack": KindPath(meta.API_VERSION, datasetpack.KIND, datasetpack.PLURAL),
    "TrainingRun": KindPath(meta.API_VERSION, trainingrun.KIND, trainingrun.PLURAL),
    "EvalGate": KindPath(meta.API_VERSION, evalgate.KIND, evalgate.PLURAL),
    "Deployment": KindPath(meta.API_VERSION, deployment.KIND, deployment.PLURAL),
}
CHILDREN: Mapping[ChildKind, KindPath] = {
    "Job": KindPath("batch/v1", "Job", "jobs"),
    "Pod": KindPath("v1", "Pod", "pods"),
    "AppsDeployment": KindPath("apps/v1", "Deployment", "deployments"),
    "Service": KindPath("v1", "Service", "services"),
    "ControllerRevision": KindPath("apps/v1", "ControllerRevision", "controllerrevisions"),
    "EndpointSlice": KindPath("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
}
WATCHED: Mapping[Kind, KindPath] = dict((*RESOURCES.items(), *CHILDREN.items()))

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
SLICE_MANAGER_LABEL = "endpointslice.kubernetes.io/managed-by"
_OURS = f"{meta.LABEL_MANAGED_BY}={meta.MANAGED_BY}"
# What its own controllers write, the cluster reconciles itself; that is nearly all there is.
_FOREIGN_SLICES = (
    f"{SERVICE_NAME_LABEL},{SLICE_MANAGER_LABEL} notin "
    "(endpointslice-controller.k8s.io,endpointslicemirroring-controller.k8s.io)"
)
SELECTORS: Mapping[Kind, str] = {**dict.fromkeys(CHILDREN, _OURS), "EndpointSlice": _FOREIGN_SLICES}
"""What the API server is asked for, so that other people's objects never reach us; of our own kinds all."""

CONFIG_MAP = KindPath("v1", "ConfigMap", "configmaps")
SECRET = KindPath("v1", "Secret", "secrets")
LEASE = KindPath("coordination.k8s.io/v1", "Lease", "leases")
EVENT = KindPath("events.k8s.io/v1", "Event", "events")
TOKEN_REVIEW = KindPath("authentication.k8s.io/v1", "TokenReview", "tokenreviews")

_BY_API: Mapping[tuple[str, str], Kind] = {(p.api_version, p.kind): kind for kind, p in WATCHED.items()}


def kind_of(manifest: Mapping[str, Any]) -> Kind:
    """Our name of a manifest's kind. Raises KeyError for a kind that the operator never writes."""
    return _BY_API[manifest["apiVersion"], manifest["kind"]]


def path_of(manifest: Mapping[str, Any]) -> KindPath:
    """Where a manifest's kind lives."""
    return WATCHED[kind_of(manifest)]
