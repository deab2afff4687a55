"""What surrounds a request and a report: storage, progress, exit codes, sizes."""

from enum import IntEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from sluice_api.base import ApiModel, Digest, Hex64, Name, Rule, StoredModel, Timestamp
from sluice_api.common import Uri
from sluice_api.contracts.bytecount import Clip, compact_json
from sluice_api.contracts.reports import RESULTS, Code, Written
from sluice_api.contracts.requests import REQUESTS
from sluice_api.hashing import content_hash, plain

IGNORED_MAX = 999
"""Most objects that are told apart; more count as so many."""
TERMINATION_MESSAGE_BYTES = 2400
"""Most bytes of a report, because the kubelet divides 12 kB among all containers of a Pod."""

REQUEST_FILE = "/var/run/sluice/request/request.json"
CONFIGMAP_FOLDER = "/var/run/sluice/configmaps"
TOKEN_FILE = "/var/run/sluice/token/token"  # noqa: S105 - a path
WORK_FOLDER = "/work"
TERMINATION_FILE = "/dev/termination-log"
MODEL_FOLDER = "/model"
PROGRESS_AUDIENCE = "sluice.dev/progress"

Stage = Literal["pack", "prepare", "train", "package", "evaluate", "judge", "verify", "ledger", "fetch"]


class ExitCode(IntEnum):
    """Exit codes of a stage; part of the contract with the Job's podFailurePolicy."""

    DONE = 0
    INPUT_WRONG = 64
    NOTHING_TO_REPORT = 66
    DEPENDENCY_UNAVAILABLE = 69
    BUG = 70
    OUT_OF_MEMORY = 71
    DEADLINE_EXCEEDED = 72
    STOPPED_ON_REQUEST = 75


CertificatePem = Annotated[
    str, StringConstraints(max_length=16_384, pattern=r"^-----BEGIN CERTIFICATE-----\n")
]


HostName = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
]


class StoreSettings(ApiModel):
    """Where a stage reads and writes. Credentials come from the environment, never from here."""

    root: Uri
    """`s3://bucket/prefix/namespace`, or `file:///folder`."""
    endpoint: Uri | None = None
    """S3 endpoint; absent for the region's own."""
    region: Annotated[str, StringConstraints(max_length=64)] | None = None
    read_prefixes: Annotated[tuple[Uri, ...], Field(max_length=16)] = ()
    """Further prefixes that may be read."""
    ca_pem: CertificatePem | None = None
    """Authority that signed the endpoint's certificate; absent: those that the image trusts."""


class ProgressSettings(ApiModel):
    """Where a train stage reports its progress."""

    url: Uri
    ca_pem: Annotated[str, StringConstraints(max_length=8192)]
    """Certificate authority of the endpoint."""


class Envelope(ApiModel):
    """`request.json`: everything that a stage is told."""

    stage: Stage
    namespace: Annotated[str, StringConstraints(max_length=63)]
    owner: Name
    """Name of the object that asked."""
    attempt: Annotated[int, Field(ge=1)] = 1
    request_hash: Hex64
    request: dict[str, Any]
    store: StoreSettings
    progress: ProgressSettings | None = None
    deadline_seconds: Annotated[int, Field(ge=1)] | None = None
    """Running time that is left over all attempts."""
    https_hosts: Annotated[tuple[HostName, ...], Field(max_length=16)] | None = None
    """Hosts that a pack may read over https though their addresses are not public."""

    def typed_request(self) -> ApiModel:
        """The request as its stage's model. Raises pydantic.ValidationError."""
        return REQUESTS[self.stage].parse(self.request)


def request_hash(stage: str, request: ApiModel) -> str:
    """Identity of a request: sha256 of stage and canonical request."""
    return content_hash({"stage": stage, "request": plain(request)})


class ReportFailure(ApiModel):
    """Why a stage did not finish."""

    reason: Code
    message: Annotated[str, Clip(600)]
    checkpoint: Annotated[int, Field(ge=0, le=999_999_999_999)] | None = None
    """Step of the newest complete checkpoint, told by training that had to end."""
    evidence: Written | None = None
    """What was found before it failed, such as the answers to the smoke prompts."""


class Report(StoredModel):
    """The termination message. Only a refused pack has a failure and a result."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=(
                "has(self.failure) != has(self.result) || "
                "self.stage == 'pack' && has(self.failure) && !has(self.result.digest)"
            ),
            message="give a failure or a result; both only for a refused pack, without a digest",
            holds=lambda r: (
                (r.failure is None) != (r.result is None)
                or (r.stage == "pack" and r.failure is not None and "digest" not in r.result)
            ),
        ),
    )

    stage: Stage
    request_hash: Hex64
    folder: Annotated[str, StringConstraints(max_length=128, pattern=r"^[A-Za-z0-9._/-]+$")] | None = None
    """Folder of the attempt, relative to the root."""
    report_digest: Digest | None = None
    """Digest of `report.json` in that folder."""
    failure: ReportFailure | None = None
    result: dict[str, Any] | None = None
    ignored_markers: Annotated[int, Field(ge=1, le=IGNORED_MAX)] | None = None
    """Objects in the place of this request's markers that are none, so that the work was done again."""
    started_at: Timestamp
    finished_at: Timestamp

    def encode(self) -> bytes:
        """The bytes of the termination message."""
        # Bytes are scarce: the first form is not told.
        return compact_json(plain(self))

    def typed_result(self) -> ApiModel | None:
        """The result as its stage's model, or None. Raises pydantic.ValidationError, or KeyError for a stage
        that only another version knows."""
        return RESULTS[self.stage].parse_open(self.result) if self.result is not None else None
