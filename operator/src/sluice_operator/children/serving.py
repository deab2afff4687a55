"""Slots, each an apps/v1 Deployment with a Service of its own, and the public Service."""

import json
import re
from collections.abc import Mapping
from typing import Any

from sluice_api import meta
from sluice_api.common import UriDigest
from sluice_api.contracts import envelope as contract
from sluice_api.contracts.reports import ArtifactResult
from sluice_api.contracts.requests import FetchRequest
from sluice_api.decoding import GREEDY_ARGUMENTS, OWN_DECODING
from sluice_api.deployment import DeploymentSpec
from sluice_api.hashing import content_hash
from sluice_operator.children import naming, pods
from sluice_operator.children.jobs import ANNOTATION_REQUEST
from sluice_operator.model import Resource
from sluice_operator.settings import ServingProfile, Settings, StorageProfile

ENGINE = "engine"
FETCH = "fetch"
SCRATCH = "/scratch"
PUBLIC_PORT = 80
_LENGTH = re.compile(r"(?:^| )--max-model-len[= ](\S+)")
_UNITS = {"k": 10**3, "K": 2**10, "m": 10**6, "M": 2**20, "g": 10**9, "G": 2**30}


def pod_template(
    resource: Resource,
    spec: DeploymentSpec,
    artifact: ArtifactResult,
    profile: ServingProfile,
    storage: StorageProfile,
    settings: Settings,
) -> dict[str, Any]:
    """Pod template of a slot, labels and name apart; equal templates make equal slots."""
    request = fetch_request(artifact)
    envelope = contract.Envelope(
        stage="fetch",
        namespace=resource.meta.namespace,
        owner=resource.meta.name,
        request_hash=contract.request_hash("fetch", request),
        request=request.dump(),
        store=storage.store(resource.meta.namespace),
    )
    return {
        "metadata": {
            "annotations": {
                meta.ANNOTATION_DIGEST: artifact.digest,
                meta.ANNOTATION_OWNER_UID: resource.meta.uid,
                ANNOTATION_REQUEST: json.dumps(envelope.dump(), sort_keys=True, separators=(",", ":")),
            }
        },
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": profile.termination_grace_seconds,
            "securityContext": pods.pod_security(),
            "initContainers": [_fetch(settings, storage)],
            "containers": [_engine(resource, spec, artifact, profile)],
            "volumes": _volumes(profile),
            **({"serviceAccountName": storage.service_account_name} if storage.service_account_name else {}),
            **pods.placement(profile),
        },
    }


def fetch_request(artifact: ArtifactResult) -> FetchRequest:
    """What a slot's init container downloads."""
    source = UriDigest(uri=artifact.uri, digest=artifact.digest)
    return FetchRequest(artifact=source, destination=contract.MODEL_FOLDER)


def slot_hash(template: dict[str, Any]) -> str:
    """Identity of a slot: its Pod template."""
    return content_hash(template)


def slot(
    resource: Resource, name: str, template: dict[str, Any], replicas: int, progress_seconds: int
) -> dict[str, Any]:
    """Manifest of a slot."""
    labels = naming.labels(resource, "slot") | {meta.LABEL_SLOT: name}
    metadata = naming.object_meta(resource, name, "slot", _digest(template), slot=name)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 1,
            "progressDeadlineSeconds": progress_seconds,
            "selector": {"matchLabels": {meta.LABEL_SLOT: name, meta.LABEL_OWNER: resource.meta.name}},
            "template": {
                "metadata": template["metadata"] | {"labels": labels},
                "spec": template["spec"],
            },
        },
    }


def _digest(template: dict[str, Any]) -> dict[str, str]:
    return {meta.ANNOTATION_DIGEST: template["metadata"]["annotations"][meta.ANNOTATION_DIGEST]}


def slot_service(resource: Resource, name: str) -> dict[str, Any]:
    """Manifest of a slot's own Service: for verifying, never for clients."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": naming.object_meta(resource, name, "slot", {}, slot=name),
        "spec": {"selector": {meta.LABEL_SLOT: name}, "ports": [_port(PUBLIC_PORT)]},
    }


def public_service(resource: Resource) -> dict[str, Any]:
    """Manifest of the public Service. It is born without a selector: only a guarded update gives one."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": naming.object_meta(resource, resource.meta.name, "endpoint", {}),
        "spec": {"ports": [_port(PUBLIC_PORT)]},
    }


def service_url(name: str, namespace: str) -> str:
    """Base URL of the OpenAI-shaped endpoint behind a Service."""
    return f"http://{name}.{namespace}.svc/v1"


def _port(number: int) -> dict[str, Any]:
    return {"name": "http", "port": number, "targetPort": "http", "protocol": "TCP"}


def engine_arguments(
    resource: Resource, spec: DeploymentSpec, artifact: ArtifactResult, profile: ServingProfile
) -> list[str]:
    """vLLM's arguments: derived from the artifact, then the profile's, then what the spec may set.

    The engine takes the last of equal ones.
    """
    length = min(spec.serving.max_model_length or artifact.context_length, artifact.context_length)
    derived = [
        contract.MODEL_FOLDER,
        f"--port={profile.port}",
        f"--max-model-len={length}",
        f"--dtype={artifact.dtype}",
        "--served-model-name",
        resource.meta.name,
        artifact.digest,
    ]
    own = [f"--{a.name}={a.value}" if a.value is not None else f"--{a.name}" for a in spec.serving.arguments]
    given = [*profile.arguments, *own]
    decoding = () if any(a.startswith(OWN_DECODING) for a in given) else GREEDY_ARGUMENTS
    return [*derived, *decoding, *given]


def served_length(template: Mapping[str, Any]) -> int | None:
    """Longest context that a slot of this template serves; None when its arguments do not say.

    Profile and spec may name it again, and the engine takes the last.
    """
    containers = template.get("spec", {}).get("containers", ())
    arguments = next((c.get("args", ()) for c in containers if c.get("name") == ENGINE), ())
    found = _LENGTH.findall(" ".join(arguments).replace("_", "-"))
    return _number(found[-1]) if found else None


def _number(text: str) -> int | None:
    """A length as the engine reads it: `k` is a thousand, `K` is 1,024."""
    digits, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "")
    try:
        number = int(float(digits) * _UNITS.get(unit, 1))
    except ValueError:
        return None
    return number if number > 0 else None


def _engine(
    resource: Resource, spec: DeploymentSpec, artifact: ArtifactResult, profile: ServingProfile
) -> dict[str, Any]:
    health = {"httpGet": {"path": "/health", "port": "http"}}
    command = {"command": list(profile.command)} if profile.command else {}
    return {
        "name": ENGINE,
        "image": profile.image,
        **command,
        "args": engine_arguments(resource, spec, artifact, profile),
        "env": [*pods.scratch_env(SCRATCH), *pods.plain_env(**profile.env)],
        "ports": [{"name": "http", "containerPort": profile.port, "protocol": "TCP"}],
        # Loading a model takes its time: only the startup probe waits for it.
        "startupProbe": health | {"periodSeconds": 2, "failureThreshold": 900, "timeoutSeconds": 2},
        "readinessProbe": health | {"periodSeconds": 2, "failureThreshold": 3, "timeoutSeconds": 5},
        "livenessProbe": health | {"periodSeconds": 10, "failureThreshold": 6, "timeoutSeconds": 10},
        "resources": pods.resources(profile.resources),
        "securityContext": pods.container_security(),
        "volumeMounts": [
            {"name": "model", "mountPath": contract.MODEL_FOLDER, "readOnly": True},
            {"name": "scratch", "mountPath": SCRATCH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of the Pod
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - memory of the Pod
        ],
    }


def _fetch(settings: Settings, storage: StorageProfile) -> dict[str, Any]:
    return {
        "name": FETCH,
        "image": settings.trainer_image,
        "command": ["python", "-m", "sluice_trainer"],
        "args": [FETCH],
        "env": [
            {"name": "POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
            *pods.scratch_env(contract.WORK_FOLDER),
            *pods.storage_env(storage),
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": pods.container_security(),
        "terminationMessagePath": contract.TERMINATION_FILE,
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            {"name": "request", "mountPath": contract.REQUEST_FILE.rsplit("/", 1)[0], "readOnly": True},
            {"name": "model", "mountPath": contract.MODEL_FOLDER},
            {"name": "scratch", "mountPath": contract.WORK_FOLDER},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of the Pod
        ],
    }


def _volumes(profile: ServingProfile) -> list[dict[str, Any]]:
    field = {"fieldPath": f"metadata.annotations['{ANNOTATION_REQUEST}']"}
    name = contract.REQUEST_FILE.rsplit("/", 1)[1]
    return [
        {"name": "request", "downwardAPI": {"items": [{"path": name, "fieldRef": field}]}},
        {"name": "model", "emptyDir": {}},
        {"name": "scratch", "emptyDir": {"sizeLimit": profile.scratch_size}},
        {"name": "tmp", "emptyDir": {}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": profile.shm_size}},
    ]
