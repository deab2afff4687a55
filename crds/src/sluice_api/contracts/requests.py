"""What each stage is asked.

All fields enter the request hash, so only what changes the result belongs here.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from sluice_api.audit import ChainId, StoredLink
from sluice_api.base import ApiModel, Digest, Hex64, Name, Rule
from sluice_api.chat import TemplateArguments
from sluice_api.common import Uri, UriDigest
from sluice_api.contamination import ContaminationPolicy
from sluice_api.datasetpack import (
    Classification,
    Cleaning,
    ContaminationAction,
    PackValidation,
    Purpose,
    Source,
    Split,
    Task,
)
from sluice_api.evalgate import DEFAULT_GENERATION, Criterion, Generation
from sluice_api.manycandidates import SuiteUse
from sluice_api.trainingrun import Adapter, Checkpoint, Hyperparameters, PreflightMode

Identity = Annotated[str, StringConstraints(max_length=128)]
Bytes = Annotated[int, Field(ge=1)]


class CheckedPack(ApiModel):
    """An evaluation pack that a training pack is compared with."""

    name: Name
    dataset: UriDigest
    """Manifest of the pack, and the pack's digest."""
    action: ContaminationAction


class PackRequest(ApiModel):
    """Read, map, clean, split and count rows."""

    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=16)]
    purpose: Purpose = "Train"
    task: Task = "Chat"
    classification: Classification | None = None
    cleaning: Cleaning = Cleaning()
    split: Split = Split()
    validation: PackValidation = PackValidation()
    contamination_against: Annotated[tuple[CheckedPack, ...], Field(max_length=8)] = ()
    identity: Identity = ""
    """UID of the pack when a source offers no lasting digest, so that it is read again; else empty."""


class BaseLocation(ApiModel):
    """A model folder; its digest is resolved when it is not given."""

    uri: Uri
    digest: Digest | None = None


class StageLimits(ApiModel):
    """Bytes that a profile gives its Pods; absent where it names no limit."""

    memory: Bytes | None = None
    """Of the stages that load a model: train, and evaluate on the same profile."""
    disk: Bytes | None = None
    """Scratch space of those stages."""
    cpu_memory: Bytes | None = None
    """Of all other stages, such as package."""
    cpu_disk: Bytes | None = None
    """Scratch space of all other stages."""


class PrepareRequest(ApiModel):
    """Resolve, look up the fingerprint, check, and write token shards."""

    dataset: UriDigest
    """Manifest of the pack, and the pack's digest."""
    base: BaseLocation
    method: Literal["SFT"] = "SFT"
    adapter: Adapter = Adapter()
    template_arguments: TemplateArguments = ()
    hyperparameters: Hyperparameters = Hyperparameters()
    device: Literal["CPU", "CUDA"] = "CPU"
    device_memory_bytes: Bytes | None = None
    """Memory that training may use; absent when the profile does not say."""
    limits: StageLimits = StageLimits()
    """What the profile gives the stages that follow."""
    preflight: PreflightMode = "Strict"
    """Open lets pass what only judgement forbids."""
    salt: Identity = ""
    """UID of the run under `rerunPolicy: Always`, else empty; part of the fingerprint."""
    identity: Identity
    """UID of the run: what a name refers to is resolved anew for each run."""


class TrainRequest(ApiModel):
    """Train on token shards."""

    fingerprint: Hex64
    tokens: UriDigest
    """Manifest of the shards."""
    base: UriDigest
    method: Literal["SFT"] = "SFT"
    adapter: Adapter = Adapter()
    hyperparameters: Hyperparameters = Hyperparameters()
    checkpoint: Checkpoint = Checkpoint()
    total_steps: Annotated[int, Field(ge=1)]
    device: Literal["CPU", "CUDA"] = "CPU"


class PackageRequest(ApiModel):
    """Merge, write the bundle, load it back."""

    fingerprint: Hex64
    weights: UriDigest
    """Manifest of what train wrote."""
    base: UriDigest
    dataset: UriDigest
    method: Literal["SFT"] = "SFT"
    adapter: Adapter = Adapter()
    template_arguments: TemplateArguments = ()
    """Become part of the bundle's chat template."""


class ArtifactTarget(ApiModel):
    """A model folder to load."""

    uri: Uri
    digest: Digest
    template_arguments: TemplateArguments = ()
    """For a base model that is compared: the candidate's own arguments, which its artifact holds."""


class EndpointTarget(ApiModel):
    """An OpenAI-shaped endpoint to ask."""

    url: Uri
    """Base URL up to and with `/v1`."""
    model: Annotated[str, StringConstraints(max_length=128)]
    digest: Digest
    """Digest that the endpoint must serve; its model names must hold it."""


class SuiteRequest(ApiModel):
    """One suite of an evaluation."""

    name: Name
    dataset: UriDigest
    """Manifest of the pack, and the pack's digest."""
    max_samples: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0
    generation: Generation = DEFAULT_GENERATION


class EvaluateRequest(ApiModel):
    """Score one artifact, or one endpoint, on suites."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.artifact) != has(self.endpoint)",
            message="give exactly one of artifact and endpoint",
            holds=lambda r: (r.artifact is None) != (r.endpoint is None),
        ),
    )

    artifact: ArtifactTarget | None = None
    endpoint: EndpointTarget | None = None
    suites: Annotated[tuple[SuiteRequest, ...], Field(min_length=1, max_length=16)]
    identity: Identity = ""


class ScoredTarget(ApiModel):
    """Results of an evaluation."""

    digest: Digest
    """Digest of what was evaluated."""
    results: UriDigest
    """Manifest of the results of every item."""


class JudgeRequest(ApiModel):
    """Give a verdict from results and criteria."""

    candidate: ScoredTarget
    baseline: ScoredTarget | None = None
    """Absent: comparing criteria are skipped when `skipComparing`, else they are not passed."""
    skip_comparing: bool = False
    suites: Annotated[tuple[SuiteRequest, ...], Field(min_length=1, max_length=16)]
    criteria: Annotated[tuple[Criterion, ...], Field(max_length=16)] = ()
    contamination: ContaminationPolicy = "Block"
    near_contamination: ContaminationPolicy = "Report"
    training_packs: Annotated[tuple[UriDigest, ...], Field(max_length=16)] = ()
    """Packs that the candidate was trained on, base runs included."""
    suite_uses: Annotated[tuple[SuiteUse, ...], Field(max_length=16)] = ()
    """Which candidate this is on each suite, when all candidates share one error rate; else empty."""
    on_inconclusive: Literal["Hold", "Fail"] = "Hold"
    identity: Identity = ""
    """Transition and tick of a drift check, so that an old score is never told again; else empty."""


class VerifyRequest(ApiModel):
    """Send the smoke prompts to a slot and check what it serves."""

    url: Uri
    """Base URL up to and with `/v1`."""
    model: Annotated[str, StringConstraints(max_length=128)]
    digest: Digest
    identity: Identity
    """Slot UID and last non-repair transition."""


LEDGER_BATCH_BYTES = 100_000
"""Most bytes of links in one request, because it travels as an annotation; the longest link is shorter."""


class LedgerRequest(ApiModel):
    """Archive links of an audit chain, prove what is archived, or say what earlier chains refuse."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="(self.mode == 'Archive') == (has(self.records) && self.records.size() > 0)",
            message="records are given to Archive, and to nothing else",
            holds=lambda r: (r.mode == "Archive") == bool(r.records),
        ),
        Rule(
            cel="self.mode == 'Verify' || !has(self.headHash) && (!has(self.sequence) || self.sequence == 0)",
            message="sequence and headHash are for Verify",
            holds=lambda r: r.mode == "Verify" or (r.sequence == 0 and r.head_hash is None),
        ),
    )

    mode: Literal["Archive", "Verify", "Inherit"]
    name: Name
    """Name of the Deployment."""
    chain: ChainId
    records: Annotated[tuple[StoredLink, ...], Field(max_length=64)] = ()
    """Links to archive, in order; the one before the first must be archived already."""
    sequence: Annotated[int, Field(ge=0)] = 0
    """Newest link that must be in the archive."""
    head_hash: Digest | None = None
    """Hash of that link."""
    identity: Annotated[str, StringConstraints(max_length=80, pattern=r"^[ -!#-\[\]-~]*$")] = ""
    """What measures the store as it is now is asked anew under another identity."""


class FetchRequest(ApiModel):
    """Download an artifact and refuse a wrong digest."""

    artifact: UriDigest
    """Folder of the bundle, and the artifact's digest."""
    destination: Annotated[str, StringConstraints(max_length=256)]
    """Folder in the Pod."""


REQUESTS: dict[str, type[ApiModel]] = {
    "pack": PackRequest,
    "prepare": PrepareRequest,
    "train": TrainRequest,
    "package": PackageRequest,
    "evaluate": EvaluateRequest,
    "judge": JudgeRequest,
    "verify": VerifyRequest,
    "ledger": LedgerRequest,
    "fetch": FetchRequest,
}
