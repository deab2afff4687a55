"""What really happened to one Deployment, told from the API server's changes alone.

It shares no code with the planners: the chain is replayed by its own reading of the rules, and what a gate
lets through is looked up in its records. The invariants ask this, and so it must never ask the operator.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sluice_api import meta
from sluice_api.evalgate import EvalGateSpec
from sluice_api.hashing import digest_of
from sluice_api.identity import criteria_hash
from sluice_api.records import AuditRecord
from support.simapi import ApiServer, Change, Raw

BACK = ("rollback-to", "health", "drift")


@dataclass(frozen=True)
class Stay:
    """A revision that traffic went to."""

    transition: int
    slot: str
    revision: int
    digest: str
    cause: str = ""


@dataclass(frozen=True)
class Memory:
    """The chain, replayed."""

    live: Stay | None = None
    history: tuple[Stay, ...] = ()
    """Newest first; repairs are not in it."""
    refused: frozenset[tuple[str, int | None]] = frozenset()
    rejected: frozenset[tuple[str, int]] = frozenset()
    intent: AuditRecord | None = None
    spent_at: int = 0
    held: bool = False
    pin_seen: str | None = None

    def refuses(self, digest: str, revision: int) -> bool:
        """Whether a revision may not come back by itself."""
        return (digest, None) in self.refused or (digest, revision) in self.refused


def follow(before: Memory, link: AuditRecord, made: Mapping[int, str]) -> Memory:
    """Memory after one more link. `made` says when the artifact of each revision was made."""
    now = replace(before, spent_at=link.sequence) if _spends(link) else before
    match link.phase:
        case "intended":
            now = replace(now, intent=link)
        case "abandoned":
            now = replace(now, intent=None)
        case "done":
            now = replace(_arrive(now, link, made), intent=None)
        case "rejected" if link.digest and link.revision:
            now = replace(now, rejected=now.rejected | {(link.digest, link.revision)})
        case "pinned":
            now = replace(_forgive(now, link.digest), pin_seen=link.digest)
        case "spent" if link.cause == "clear-rollback":
            now = _forgive(now, link.digest)
        case "held" | "released":
            now = replace(now, held=link.phase == "held")
        case "inherited":
            now = replace(now, refused=frozenset((r.digest, r.revision) for r in link.fold.refused))
    return now


def _spends(link: AuditRecord) -> bool:
    return link.request is not None and link.phase in ("done", "rejected", "spent")


def _forgive(now: Memory, digest: str | None) -> Memory:
    refused = frozenset(r for r in now.refused if r[0] != digest)
    kept = frozenset(r for r in now.rejected if r[0] != digest)
    return replace(now, refused=refused, rejected=kept)


def _arrive(now: Memory, link: AuditRecord, made: Mapping[int, str]) -> Memory:
    opened = now.intent
    if opened is None or opened.slot is None or opened.digest is None or opened.revision is None:
        return now
    stay = Stay(opened.sequence, opened.slot, opened.revision, opened.digest, opened.cause)
    if opened.cause == "repair":
        return replace(now, live=stay)
    passed = _passed_over(now, stay)
    if opened.cause in ("promote", "pin"):
        now = _forgive(now, opened.digest)
    if opened.cause in BACK:
        now = replace(now, refused=now.refused | passed)
    if opened.cause == "promote":
        newer = {s.digest for s in now.history if made.get(s.revision, "") > made.get(stay.revision, "")}
        now = replace(now, refused=now.refused | {(d, r) for d, r in passed if d in newer})
    kept = frozenset(r for r in now.rejected if r[1] != stay.revision)
    now = replace(now, rejected=kept)
    return replace(now, live=stay, history=(stay, *now.history), held=False)


def _passed_over(now: Memory, target: Stay) -> frozenset[tuple[str, int | None]]:
    """What was promoted since the target was last live."""
    passed: set[tuple[str, int | None]] = set()
    for stay in now.history:
        if stay.slot == target.slot:
            break
        passed.add((stay.digest, stay.revision if stay.digest == target.digest else None))
    return frozenset(passed)


@dataclass
class Witness:
    """Everything that was ever seen of one Deployment."""

    api: ApiServer
    name: str = "live"
    chain: list[AuditRecord] = field(default_factory=list)
    memory: Memory = Memory()
    broken: str = ""
    """How the chain does not hold together, if it does not."""
    revisions: dict[int, Raw] = field(default_factory=dict)
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)
    """Newest attempt that a record tells of, by owner's UID and request hash."""

    def see(self, change: Change) -> None:
        """Take a change of the API server."""
        if change.kind != "ControllerRevision" or change.after is None or change.before is not None:
            return
        metadata, data = change.after["metadata"], change.after["data"]
        if data.get("record") == "stage":
            asked = (metadata["annotations"][meta.ANNOTATION_OWNER_UID], data["requestHash"])
            self.attempts[asked] = max(self.attempts.get(asked, 0), data["attempt"])
        if metadata["labels"].get(meta.LABEL_OWNER) != self.name:
            return
        if data.get("record") == "revision":
            self.revisions[data["revision"]] = data
        if data.get("record") == "audit":
            self._link(AuditRecord.parse(data))

    def _link(self, link: AuditRecord) -> None:
        if self.chain and link.chain != self.chain[-1].chain:
            self.chain, self.memory = [], Memory()
        newest = self.chain[-1] if self.chain else None
        expected = (newest.sequence + 1, digest_of(newest)) if newest else (1, None)
        if (link.sequence, link.previous_hash) != expected:
            self.broken = f"record {link.sequence} does not follow {newest.sequence if newest else 0}"
        opened = self.memory.intent
        closes = link.phase in ("done", "abandoned")
        if (opened is not None) != closes:
            self.broken = f"record {link.sequence} is {link.phase} while the open intent is {opened}"
        if closes and opened is not None and link.intent != opened.sequence:
            self.broken = f"record {link.sequence} closes {link.intent}, open is {opened.sequence}"
        made = {n: str(r["artifact"]["completedAt"]) for n, r in self.revisions.items()}
        self.memory = follow(self.memory, link, made)
        self.chain.append(link)

    # The world as it is now

    @property
    def me(self) -> Raw | None:
        """The Deployment."""
        return self.api.objects.get(("Deployment", self.name))

    @property
    def spec(self) -> Raw:
        """Its spec."""
        return self.me["spec"] if self.me else {}

    @property
    def service(self) -> Raw | None:
        """The public Service."""
        return self.api.objects.get(("Service", self.name))

    def leads_to(self) -> tuple[str | None, str | None]:
        """Transition number and slot that the public Service carries."""
        return carried(self.service)

    def slot_is_up(self, slot: str | None) -> bool:
        """Whether a slot could answer now."""
        found = self.api.objects.get(("AppsDeployment", slot or ""))
        return found is not None and found.get("status", {}).get("availableReplicas", 0) > 0

    def waits_for_room(self, digest: str) -> bool:
        """Whether a slot of a digest has a Pod that no node takes."""
        slots = [r["slot"] for r in self.revisions.values() if r["artifact"]["digest"] == digest]
        pods = (self.api.objects.get(("Pod", f"{slot}-pod")) for slot in slots)
        told = [c for pod in pods if pod is not None for c in pod["status"]["conditions"]]
        return any(c["type"] == "PodScheduled" and c["status"] == "False" for c in told)

    def revision_of(self, slot: str | None) -> Raw | None:
        """The revision record of a slot."""
        return next((r for r in self.revisions.values() if r["slot"] == slot), None)

    # What the gate says

    @property
    def gate(self) -> Raw | None:
        """The gate that the Deployment names."""
        return self.api.objects.get(("EvalGate", self.spec.get("gateRef", {}).get("name", "")))

    def passes(self, digest: str) -> bool:
        """Whether a Pass stands for exactly this digest under the gate, suites and baseline of now."""
        gate = self.gate
        if gate is None:
            return False
        spec = EvalGateSpec.parse(gate["spec"])
        wanted = (criteria_hash(spec), self._suites(spec), self._baseline(spec, digest))
        for name, data in self._records(gate, "verdict"):
            bound = (data["criteriaHash"], data["suiteDigests"], data.get("baselineDigest"))
            if (data["digest"], data["verdict"]) == (digest, "Pass") and bound == wanted:
                return not spec.approval.required or self._is_approved(gate, name, digest)
        return False

    def _is_approved(self, gate: Raw, verdict: str, digest: str) -> bool:
        found = self._records(gate, "approval")
        return any((d["verdict"], d["digest"]) == (verdict, digest) for _, d in found)

    def _suites(self, spec: EvalGateSpec) -> list[Raw]:
        return [{"suite": s.name, "digest": self._pack_digest(s.dataset_ref.name)} for s in spec.suites]

    def _pack_digest(self, name: str) -> str | None:
        pack = self.api.objects.get(("DatasetPack", name))
        reports = (d.get("report") or {} for _, d in self._records(pack, "stage")) if pack else iter(())
        return next((r["digest"] for r in reports if "digest" in r), None)

    def _baseline(self, spec: EvalGateSpec, digest: str) -> str | None:
        compares = any(c.compare == "DeltaToBaseline" for c in spec.criteria)
        if not compares or spec.baseline is None:
            return None
        live = self.memory.live
        if spec.baseline.deployment_ref is not None and live is not None:
            return None if live.digest == digest else live.digest
        made = next((r for r in self.runs() if r["digest"] == digest), None)
        return made["base"] if made else None

    def _records(self, owner: Raw, kind: str) -> Iterator[tuple[str, Raw]]:
        uid = owner["metadata"]["uid"]
        for data in self.api.of("ControllerRevision"):
            references = data["metadata"].get("ownerReferences", [])
            if data["data"].get("record") == kind and any(o["uid"] == uid for o in references):
                yield data["metadata"]["name"], data["data"]

    def runs(self) -> list[Raw]:
        """Finished runs that the gate selects: name, digest, completedAt and base; newest first."""
        gate = self.gate
        wanted = gate["spec"]["candidates"]["selector"]["matchLabels"] if gate else {}
        found: list[Raw] = []
        for run in self.api.of("TrainingRun"):
            made = self._made(run)
            if made is not None and wanted.items() <= run["metadata"].get("labels", {}).items():
                found.append(made)
        return sorted(found, key=lambda r: (r["completedAt"], r["name"]), reverse=True)

    def _made(self, run: Raw) -> dict[str, Any] | None:
        reports = [d.get("report") or {} for _, d in self._records(run, "stage")]
        artifact = next((r["artifact"] for r in reports if r.get("artifact")), None)
        base = next((r["base"]["digest"] for r in reports if "base" in r), None)
        if artifact is None:
            return None
        return {
            "name": run["metadata"]["name"],
            "digest": artifact["digest"],
            "completedAt": artifact["completedAt"],
            "base": base,
        }


def carried(service: Raw | None) -> tuple[str | None, str | None]:
    """Transition number and slot that a Service carries."""
    if service is None:
        return None, None
    number = service["metadata"].get("annotations", {}).get(meta.ANNOTATION_TRANSITION)
    selector = service["spec"].get("selector") or {}
    return number, selector.get(meta.LABEL_SLOT)
