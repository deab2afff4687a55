"""Settings of the operator: images and the profiles that the administrator offers.

Read once at start from the file that the chart mounts, validated, and printed. Holds no secret.
"""

from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from sluice_api.base import ApiModel
from sluice_api.common import Profile, Uri
from sluice_api.contracts.envelope import CertificatePem, HostName, StoreSettings
from sluice_api.deployment import ArgumentName
from sluice_operator import goyaml
from sluice_operator.quantities import amount

Image = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^\S+$")]
NamespacePattern = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[-a-z0-9*?]+$")]
ObjectName = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
_BUCKET = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_KEY = r"[A-Za-z0-9!_.*'()/=+@-]*"
TenantPrefix = Annotated[
    str, StringConstraints(pattern=rf"^({_BUCKET}/{_KEY}|s3://[a-z0-9][a-z0-9.-]{{0,61}})\{{namespace\}}/$")
]
"""A prefix that each namespace has for itself; a bucket for each is one, too."""
ReadPrefix = Annotated[str, StringConstraints(max_length=1024, pattern=rf"^{_BUCKET}(/{_KEY})?$")]
Endpoint = Annotated[str, StringConstraints(max_length=1024, pattern=r"^https?://[^\s/]\S*$")]
Region = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_.-][A-Za-z0-9_.-]*$")]
LabelKey = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
]
LabelText = Annotated[
    str, StringConstraints(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
]
ResourceName = Annotated[
    str,
    StringConstraints(
        pattern=r"^(cpu|memory|ephemeral-storage|hugepages-[0-9A-Za-z]+"
        r"|[a-z0-9][-a-z0-9.]*/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$"
    ),
]
"""What a container can ask for: what Kubernetes knows, and what others bring under a domain of theirs."""
Quantity = Annotated[
    str, StringConstraints(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")
]


class ProfileBase(ApiModel):
    """What every profile has."""

    name: Profile
    allowed_namespaces: tuple[NamespacePattern, ...]
    """Namespaces that may use it, as names or patterns: `*` allows all, `team-*` those that begin so, and `?`
    is one character."""

    def allows(self, namespace: str) -> bool:
        """Whether a namespace may use this profile."""
        return any(fnmatchcase(namespace, pattern) for pattern in self.allowed_namespaces)


class Resources(ApiModel):
    """Container resources."""

    requests: dict[ResourceName, Quantity] = {}
    limits: dict[ResourceName, Quantity] = {}

    @model_validator(mode="after")
    def _requests_are_within_limits(self) -> Self:
        for name in sorted(self.requests.keys() & self.limits.keys()):
            asked, most = self.requests[name], self.limits[name]
            if amount(asked) > amount(most):
                raise ValueError(f"requests.{name} is {asked}, which is more than limits.{name}: {most}")
        return self


class Toleration(ApiModel):
    """A toleration, as Kubernetes spells it."""

    key: str | None = None
    operator: Literal["Exists", "Equal"] = "Exists"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None


class ComputeProfile(ProfileBase):
    """Where and with what stages run. `cpu` stages use `cpuResources`, train and evaluate use `resources`."""

    resources: Resources = Resources()
    cpu_resources: Resources = Resources()
    node_selector: dict[LabelKey, LabelText] = {}
    tolerations: tuple[Toleration, ...] = ()
    runtime_class_name: ObjectName | None = None
    priority_class_name: ObjectName | None = None
    image_pull_secrets: tuple[ObjectName, ...] = ()
    """Secrets in the tenant's namespace with the registries' credentials, for every image of the Pod."""
    queue: ObjectName | None = None
    image: Image | None = None
    """Trainer image of this profile; absent: the operator's default."""
    pending_seconds: Annotated[int, Field(ge=30)] = 86_400
    """How long a Pod may wait for a node."""
    memory_bytes: Annotated[int, Field(ge=1)] | None = None
    """Memory that training may use, for the preflight check. With a GPU: that of the GPU; absent, it is not
    known before training starts. Without a GPU: absent, the container's memory limit."""
    service_account: ObjectName | None = None
    env: dict[EnvName, str] = {}


class StorageProfile(ProfileBase):
    """Where artifacts are kept. The first profile that allows a namespace is the namespace's."""

    prefix: TenantPrefix
    """Must contain `{namespace}/`, so that no tenant shares a prefix."""
    endpoint: Endpoint | None = None
    region: Region | None = None
    secret_name: ObjectName | None = None
    """Secret in the tenant's namespace with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""
    service_account_name: ObjectName | None = None
    """ServiceAccount in the tenant's namespace, for workload identity."""
    read_prefixes: Annotated[tuple[ReadPrefix, ...], Field(max_length=16)] = ()
    https_hosts: Annotated[tuple[HostName, ...], Field(max_length=16)] = ()
    """Hosts that `https:` sources may reach though their addresses are not public. Exact names."""
    ca_pem: CertificatePem | None = None
    """Authority that signed the endpoint's certificate, when no image knows it."""
    audit_prefix: TenantPrefix | None = None
    """Where audit chains are archived; absent: below `prefix`. Must contain `{namespace}/` too."""
    ledger_secret_name: ObjectName | None = None
    """Secret that only the ledger stage is given, so that nothing else can write to the archive."""
    ledger_service_account_name: ObjectName | None = None
    """ServiceAccount of the ledger stage alone, for workload identity."""

    @model_validator(mode="after")
    def _credentials_are_of_one_kind(self) -> Self:
        for secret, account in (
            ("secret_name", "service_account_name"),
            ("ledger_secret_name", "ledger_service_account_name"),
        ):
            if getattr(self, secret) and getattr(self, account):
                raise ValueError(f"give {to_camel(secret)} or {to_camel(account)}, not both")
        return self

    def for_ledger(self) -> "StorageProfile":
        """The same store as the ledger stage sees it: its own place, its own credentials if it has any."""
        changes: dict[str, str | None] = {"prefix": self.audit_prefix or self.prefix}
        if self.ledger_secret_name or self.ledger_service_account_name:
            changes["secret_name"] = self.ledger_secret_name
            changes["service_account_name"] = self.ledger_service_account_name
        return self.model_copy(update=changes)

    def store(self, namespace: str) -> StoreSettings:
        """The store as a stage in the namespace is told of it."""
        return StoreSettings(
            root=self.root(namespace),
            endpoint=self.endpoint,
            region=self.region,
            read_prefixes=self.read_prefixes,
            ca_pem=self.ca_pem,
        )

    def root(self, namespace: str) -> str:
        """The namespace's root, without a slash at the end."""
        return self.prefix.replace("{namespace}", namespace).rstrip("/")

    def may_read(self, uri: str, namespace: str) -> bool:
        """Whether an `s3://` uri lies below the namespace's prefix or an allowed read prefix."""
        allowed = (
            f"{self.root(namespace)}/",
            *(p if p.endswith("/") else f"{p}/" for p in self.read_prefixes),
        )
        return ".." not in uri.split("/") and any(uri.startswith(prefix) for prefix in allowed)


class ServingProfile(ProfileBase):
    """How slots are run."""

    image: Image
    """Engine image; its entry point takes the model folder and vLLM's arguments."""
    command: tuple[str, ...] = ()
    """Entry point; empty: the image's own."""
    arguments: tuple[str, ...] = ()
    """Arguments that are always given."""
    allowed_arguments: tuple[ArgumentName, ...] = ()
    """Names of arguments that a Deployment may set, without the leading dashes."""
    resources: Resources = Resources()
    env: dict[EnvName, str] = {}
    node_selector: dict[LabelKey, LabelText] = {}
    tolerations: tuple[Toleration, ...] = ()
    runtime_class_name: ObjectName | None = None
    priority_class_name: ObjectName | None = None
    image_pull_secrets: tuple[ObjectName, ...] = ()
    """Secrets in the tenant's namespace with the registries' credentials, for every image of the Pod."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    shm_size: Quantity = "1Gi"
    scratch_size: Quantity = "4Gi"
    termination_grace_seconds: Annotated[int, Field(ge=1)] = 60


class Settings(ApiModel):
    """Everything that an administrator decides."""

    trainer_image: Image
    compute: tuple[ComputeProfile, ...] = ()
    storage: tuple[StorageProfile, ...] = ()
    serving: tuple[ServingProfile, ...] = ()
    watch_namespaces: tuple[str, ...] = ()
    """Empty: all namespaces."""
    operator_namespace: str = "sluice-system"
    lease_name: ObjectName = "sluice-operator"
    """Name of the Lease; two releases in one namespace need two."""
    certificate_name: ObjectName = "sluice-progress-tls"
    """Name of the Secret that keeps the certificate of the progress endpoint."""
    chart_version: Annotated[str, StringConstraints(max_length=64)] | None = None
    """Version of the operator that the chart and its CRDs are made for."""
    progress_url: Uri | None = None
    """URL of the progress endpoint as Pods reach it; absent: no progress is reported."""
    decisions_verified: bool = False
    """Whether admission policies tie the user of a decision to the caller; the chart says it with them."""
    gates_for_edit: bool = False
    """Whether the chart gives gates, suites and Deployments to the built-in edit; the audit chain says so."""
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    resync_seconds: Annotated[int, Field(ge=10)] = 600
    lease_seconds: Annotated[int, Field(ge=3)] = 15
    lease_renew_seconds: Annotated[int, Field(ge=1)] = 10
    lease_retry_seconds: Annotated[int, Field(ge=1)] = 2

    @model_validator(mode="after")
    def _profiles_have_names_of_their_own(self) -> Self:
        for kind in ("compute", "storage", "serving"):
            counts = Counter(profile.name for profile in getattr(self, kind))
            twice = [name for name, number in counts.items() if number > 1]
            if twice:
                raise ValueError(f"{kind}: more than one profile is called {', '.join(twice)}; rename one")
        return self

    @model_validator(mode="after")
    def _the_lease_is_renewed_in_time(self) -> Self:
        found = (self.lease_retry_seconds, self.lease_renew_seconds, self.lease_seconds)
        if not found[0] < found[1] < found[2]:
            raise ValueError(
                "leaseRetrySeconds must be less than leaseRenewSeconds, and that less than leaseSeconds; "
                f"found {found[0]}, {found[1]} and {found[2]}"
            )
        return self

    def compute_profile(self, name: str) -> ComputeProfile | None:
        """The compute profile of that name."""
        return next((p for p in self.compute if p.name == name), None)

    def serving_profile(self, name: str) -> ServingProfile | None:
        """The serving profile of that name."""
        return next((p for p in self.serving if p.name == name), None)

    def storage_profile(self, namespace: str) -> StorageProfile | None:
        """The first storage profile that allows the namespace."""
        return next((p for p in self.storage if p.allows(namespace)), None)


def load(path: Path) -> Settings:
    """Read settings from a YAML file. Raises pydantic.ValidationError, which names every bad path."""
    data: Mapping[str, Any] = goyaml.load(path.read_text())
    return Settings.parse(data)
