"""The Job of one attempt of one stage.

The request travels as an annotation of the Pod template and is mounted as `request.json`, so that Job and
request are one write and nobody can slip another request under the Job's name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, get_args

from sluice_api import meta
from sluice_api.base import ApiModel
from sluice_api.contracts import envelope as contract
from sluice_operator import capacity
from sluice_operator.children import naming, pods
from sluice_operator.model import JobView, Resource
from sluice_operator.pod_views import STAGE_CONTAINER
from sluice_operator.settings import ComputeProfile, Settings, StorageProfile

ANNOTATION_REQUEST = f"{meta.GROUP}/request"
HEAVY = frozenset({"train", "evaluate"})
"""Stages that run on the profile's own resources, GPUs included, unless they only ask an endpoint."""
GRACE_SECONDS = {"train": 120}
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
LIMIT_SECONDS: Mapping[contract.Stage, int] = {
    "prepare": 86_400,
    "evaluate": 86_400,
    "package": 21_600,
    "judge": 3_600,
    "verify": 1_800,
    "ledger": 1_800,
}
"""Longest running time of one attempt where the spec sets none; a stage that hangs must end."""


@dataclass(frozen=True)
class Ask:
    """One stage that is wanted: what, where, how often."""

    stage: contract.Stage
    request: ApiModel
    profile: ComputeProfile
    storage: StorageProfile
    retry_limit: int = 3
    deadline_seconds: int | None = None
    """Running time over all attempts of the owner."""
    configmaps: tuple[str, ...] = ()
    """ConfigMaps that the stage reads."""
    share_budget: bool = False
    """Failures of other requests of the same stage use the same budget."""
    variant: str = ""
    """In which setting the request differs from what the user asked for, and how; empty when in none."""

    @cached_property
    def request_hash(self) -> str:
        """Identity of the request."""
        return contract.request_hash(self.stage, self.request)

    @property
    def title(self) -> str:
        """The stage as messages name it."""
        return f"{self.stage} ({self.variant})" if self.variant else self.stage

    @property
    def loads_model(self) -> bool:
        """Whether the stage loads a model itself, and so needs the profile's own resources."""
        return self.stage in HEAVY and getattr(self.request, "endpoint", None) is None

    @property
    def identity(self) -> str:
        """When the world was measured, for stages that do; else empty."""
        return str(getattr(self.request, "identity", ""))

    @property
    def gpus(self) -> int:
        """GPUs of the stage's Pod."""
        return capacity.gpus(self.profile.resources) if self.loads_model else 0


@dataclass(frozen=True)
class MadeFor:
    """What a Job was made for, as far as the Job itself tells: nobody may ask for it any more."""

    stage: contract.Stage
    request_hash: str
    attempt: int
    gpus: int = 0
    variant: str = ""
    deadline_seconds: int | None = None

    @classmethod
    def of(cls, job: JobView) -> Self | None:
        """None for a Job that does not tell."""
        stage, number = (job.meta.labels.get(k, "") for k in (meta.LABEL_STAGE, meta.LABEL_ATTEMPT))
        request_hash = job.meta.annotations.get(meta.ANNOTATION_REQUEST_HASH, "")
        if stage not in get_args(contract.Stage) or not number.isdecimal() or not int(number):
            return None
        gpus = job.meta.annotations.get(meta.ANNOTATION_GPUS, "0")
        known = bool(re.fullmatch("[0-9a-f]{64}", request_hash))
        made = cls(stage, request_hash, int(number), int(gpus) if gpus.isdecimal() else 0)  # type: ignore[arg-type]
        return made if known else None


def is_queued(job: JobView) -> bool:
    """Whether a queue decides when a Job runs: it alone suspends and releases it."""
    return QUEUE_LABEL in job.meta.labels


def job(
    resource: Resource,
    ask: Ask,
    attempt: int,
    settings: Settings,
    *,
    report_only: bool,
    seconds_left: int | None,
    progress_ca_pem: str,
) -> dict[str, Any]:
    """Manifest of the Job of one attempt."""
    name = naming.stage_name(resource.meta.name, ask.stage, ask.request_hash, attempt)
    annotations = {meta.ANNOTATION_REQUEST_HASH: ask.request_hash}
    if ask.identity:
        annotations[meta.ANNOTATION_IDENTITY] = ask.identity
    if ask.gpus and not report_only:
        annotations[meta.ANNOTATION_GPUS] = str(ask.gpus)
    extra = {"stage": ask.stage, "attempt": str(attempt)}
    request = _envelope(resource, ask, attempt, settings, seconds_left, progress_ca_pem)
    spec: dict[str, Any] = {
        "backoffLimit": 0,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": _failure_policy(),
        "template": {
            "metadata": {
                "labels": naming.labels(resource, ask.stage)
                | {meta.LABEL_STAGE: ask.stage, meta.LABEL_ATTEMPT: str(attempt)}
                | {"sidecar.istio.io/inject": "false"},
                "annotations": pods.NO_MESH
                | {
                    meta.ANNOTATION_OWNER_UID: resource.meta.uid,
                    ANNOTATION_REQUEST: request.model_dump_json(by_alias=True, exclude_none=True),
                },
            },
            "spec": _pod(
                ask, settings, report_only=report_only, reports_progress=request.progress is not None
            ),
        },
    }
    limit = seconds_left if seconds_left is not None else LIMIT_SECONDS.get(ask.stage, 86_400)
    spec["activeDeadlineSeconds"] = limit + ask.profile.pending_seconds
    metadata = naming.object_meta(resource, name, ask.stage, annotations, **extra)
    if ask.profile.queue:
        metadata["labels"][QUEUE_LABEL] = ask.profile.queue
        spec["suspend"] = True
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def _failure_policy() -> dict[str, Any]:
    stopped = [int(contract.ExitCode.STOPPED_ON_REQUEST)]
    of_stage = {"containerName": STAGE_CONTAINER}
    return {
        "rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {
                "action": "Ignore",
                "onExitCodes": of_stage | {"operator": "In", "values": stopped},
            },
            {
                "action": "FailJob",
                "onExitCodes": {
                    "containerName": STAGE_CONTAINER,
                    "operator": "NotIn",
                    "values": [0, *stopped],
                },
            },
        ]
    }


def _envelope(
    resource: Resource,
    ask: Ask,
    attempt: int,
    settings: Settings,
    seconds_left: int | None,
    progress_ca_pem: str,
) -> contract.Envelope:
    progress = None
    if ask.stage == "train" and settings.progress_url and progress_ca_pem:
        progress = contract.ProgressSettings(url=settings.progress_url, ca_pem=progress_ca_pem)
    return contract.Envelope(
        stage=ask.stage,
        namespace=resource.meta.namespace,
        owner=resource.meta.name,
        attempt=attempt,
        request_hash=ask.request_hash,
        request=ask.request.dump(),
        store=ask.storage.store(resource.meta.namespace),
        progress=progress,
        deadline_seconds=seconds_left,
        https_hosts=(ask.storage.https_hosts or None) if ask.stage == "pack" else None,
    )


def _pod(ask: Ask, settings: Settings, *, report_only: bool, reports_progress: bool) -> dict[str, Any]:
    profile = ask.profile
    heavy = ask.loads_model and not report_only
    account = ask.storage.service_account_name or profile.service_account
    args = [ask.stage, *(["--report-only"] if report_only else [])]
    container = {
        "name": STAGE_CONTAINER,
        "image": profile.image or settings.trainer_image,
        "command": ["python", "-m", "sluice_trainer"],
        "args": args,
        "env": [
            {"name": "POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
            *pods.scratch_env(contract.WORK_FOLDER),
            *pods.plain_env(**profile.env),
            *pods.storage_env(ask.storage),
        ],
        "resources": pods.resources(profile.resources if heavy else profile.cpu_resources),
        "securityContext": pods.container_security(),
        "terminationMessagePath": contract.TERMINATION_FILE,
        "terminationMessagePolicy": "File",
        "volumeMounts": _mounts(ask, reports_progress=reports_progress),
    }
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS.get(ask.stage, 30),
        "securityContext": pods.pod_security(),
        "containers": [container],
        "volumes": _volumes(ask, reports_progress=reports_progress),
        **({"serviceAccountName": account} if account else {}),
        **(pods.placement(profile) if heavy else {}),
    }


def _mounts(ask: Ask, *, reports_progress: bool) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = [
        {"name": "request", "mountPath": contract.REQUEST_FILE.rsplit("/", 1)[0], "readOnly": True},
        {"name": "work", "mountPath": contract.WORK_FOLDER},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of the Pod
    ]
    for index, name in enumerate(ask.configmaps):
        folder = f"{contract.CONFIGMAP_FOLDER}/{name}"
        mounts.append({"name": f"source-{index}", "mountPath": folder, "readOnly": True})
    if ask.loads_model:
        mounts.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108 - memory of the Pod
    if reports_progress:
        mounts.append({"name": "token", "mountPath": contract.TOKEN_FILE.rsplit("/", 1)[0], "readOnly": True})
    return mounts


def _volumes(ask: Ask, *, reports_progress: bool) -> list[dict[str, Any]]:
    field = {"fieldPath": f"metadata.annotations['{ANNOTATION_REQUEST}']"}
    volumes: list[dict[str, Any]] = [
        {
            "name": "request",
            "downwardAPI": {"items": [{"path": contract.REQUEST_FILE.rsplit("/", 1)[1], "fieldRef": field}]},
        },
        {"name": "work", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
    ]
    for index, name in enumerate(ask.configmaps):
        # Optional, so that a missing ConfigMap is the stage's answer and not a Pod that never starts.
        volumes.append({"name": f"source-{index}", "configMap": {"name": name, "optional": True}})
    if ask.loads_model:
        volumes.append({"name": "shm", "emptyDir": {"medium": "Memory"}})
    if reports_progress:
        token = {"path": contract.TOKEN_FILE.rsplit("/", 1)[1], "audience": contract.PROGRESS_AUDIENCE}
        source = {"serviceAccountToken": token | {"expirationSeconds": 3600}}
        volumes.append({"name": "token", "projected": {"sources": [source]}})
    return volumes
