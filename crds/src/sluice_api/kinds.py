"""The table of our four kinds: names, models, and the columns that tell each one's story.

A new kind is a line here and a module with its spec and status. Nothing here knows how a CRD is written.
"""

from dataclasses import dataclass
from typing import Literal

from sluice_api import datasetpack, deployment, evalgate, trainingrun
from sluice_api.common import KindSpec, KindStatus


@dataclass(frozen=True)
class Column:
    """One column of `kubectl get`; wide ones show with `-o wide` only."""

    name: str
    path: str
    type: Literal["string", "integer", "date"] = "string"
    wide: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of the API."""

    name: str
    plural: str
    short: str
    spec: type[KindSpec]
    status: type[KindStatus]
    columns: tuple[Column, ...]

    @property
    def singular(self) -> str:
        """Singular of the plural, which is not the kind's name for a Deployment."""
        return self.plural.removesuffix("s")


def _condition(type_: str, member: str) -> str:
    return f'.status.conditions[?(@.type=="{type_}")].{member}'


_READY = Column("Ready", _condition("Ready", "status"))
_PHASE = Column("Phase", ".status.phase")
_REASON = Column("Reason", _condition("Ready", "reason"))
_AGE = Column("Age", ".metadata.creationTimestamp", "date")

DATASET_PACK = Kind(
    datasetpack.KIND,
    datasetpack.PLURAL,
    datasetpack.SHORT,
    datasetpack.DatasetPackSpec,
    datasetpack.DatasetPackStatus,
    (
        _READY,
        _PHASE,
        Column("Rows", ".status.rows.accepted", "integer"),
        Column("Rejected", ".status.rows.rejected", "integer"),
        _REASON,
        Column("Purpose", ".spec.purpose", wide=True),
        Column("Digest", ".status.digest", wide=True),
        _AGE,
    ),
)

TRAINING_RUN = Kind(
    trainingrun.KIND,
    trainingrun.PLURAL,
    trainingrun.SHORT,
    trainingrun.TrainingRunSpec,
    trainingrun.TrainingRunStatus,
    (
        _READY,
        _PHASE,
        Column("Progress%", ".status.progress.percent", "integer"),
        Column("Attempts", ".status.attempts.current", "integer"),
        Column("Duration", ".status.duration"),
        Column("Metric", ".status.headline"),
        _REASON,
        Column("Dataset", ".spec.datasetRef.name", wide=True),
        Column("Base", ".spec.baseModel['s3','trainingRunRef']['uri','name']", wide=True),
        Column("Artifact", ".status.artifact.digest", wide=True),
        _AGE,
    ),
)

EVAL_GATE = Kind(
    evalgate.KIND,
    evalgate.PLURAL,
    evalgate.SHORT,
    evalgate.EvalGateSpec,
    evalgate.EvalGateStatus,
    (
        _READY,
        _PHASE,
        Column("Verdict", ".status.verdict"),
        Column("Candidate", ".status.candidate"),
        Column("Metric", ".status.headline"),
        _REASON,
        Column("Baseline", ".status.baselineDigest", wide=True),
        _AGE,
    ),
)

DEPLOYMENT = Kind(
    deployment.KIND,
    deployment.PLURAL,
    deployment.SHORT,
    deployment.DeploymentSpec,
    deployment.DeploymentStatus,
    (
        _READY,
        _PHASE,
        Column("Active", ".status.active.runRef.name"),
        Column("Candidate", ".status.candidate.runRef.name"),
        Column("Replicas", ".status.replicas.available", "integer"),
        Column("Drift", ".status.drift.verdict", wide=True),
        _REASON,
        Column("Digest", ".status.active.digest", wide=True),
        Column("URL", ".status.url", wide=True),
        _AGE,
    ),
)

KINDS: dict[str, Kind] = {k.name: k for k in (DATASET_PACK, TRAINING_RUN, EVAL_GATE, DEPLOYMENT)}
