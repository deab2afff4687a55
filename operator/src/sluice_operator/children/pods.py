"""Parts that every Pod of ours has: restricted security, storage credentials, scratch space."""

from typing import Any

from sluice_operator.settings import ComputeProfile, Resources, ServingProfile, StorageProfile

USER_ID = 65532
NO_MESH = {"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"}
"""A sidecar would keep a finished Job's Pod running, and would cut the termination message's share."""


def pod_security() -> dict[str, Any]:
    """Pod security context that the `restricted` standard accepts."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """Container security context that the `restricted` standard accepts."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def resources(value: Resources) -> dict[str, Any]:
    """Container resources."""
    return value.dump()


def placement(profile: ComputeProfile | ServingProfile) -> dict[str, Any]:
    """Where the Pod may run, and how its images are pulled."""
    wanted = {
        "nodeSelector": profile.node_selector,
        "tolerations": [t.dump() for t in profile.tolerations],
        "runtimeClassName": profile.runtime_class_name,
        "priorityClassName": profile.priority_class_name,
        "imagePullSecrets": [{"name": name} for name in profile.image_pull_secrets],
    }
    return {key: value for key, value in wanted.items() if value}


def storage_env(storage: StorageProfile) -> list[dict[str, Any]]:
    """Credentials of the storage profile; the operator never reads them."""
    region = [{"name": "AWS_REGION", "value": storage.region}] if storage.region else []
    if storage.secret_name is None:
        return region
    return region + [
        {
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": storage.secret_name, "key": name, "optional": optional}},
        }
        for name, optional in (
            ("AWS_ACCESS_KEY_ID", False),
            ("AWS_SECRET_ACCESS_KEY", False),
            ("AWS_SESSION_TOKEN", True),
        )
    ]


def plain_env(**values: str) -> list[dict[str, Any]]:
    """Environment variables with fixed values."""
    return [{"name": name, "value": value} for name, value in values.items()]


def scratch_env(folder: str) -> list[dict[str, Any]]:
    """Caches and temporary files go to scratch space; no hub is ever asked."""
    return plain_env(
        HOME=folder,
        TMPDIR="/tmp",  # noqa: S108 - an emptyDir of the Pod
        HF_HUB_OFFLINE="1",
        HF_HOME=f"{folder}/hf",
        XDG_CACHE_HOME=f"{folder}/cache",
        TOKENIZERS_PARALLELISM="true",
    )
