"""What really happened to one Deployment, told from the API server's changes alone.

It shares no code with the planners: the chain is replayed by its own reading of the rules, and what a gate
lets through is looked up in its records. The invariants ask this, and so it must never ask the operator.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sluice_api import meta
from sluice_api.evalgate import EvalGateSpec
from sluice_api.hashing import digest_of
from sluice_api.identity import criteria_hash
from sluice_api.records import AuditRecord
from sluice_operator.children.jobs import ANNOTATION_REQUEST
from support.chainmemory import Memory, follow
from support.simapi import ApiServer, Change, Raw


@dataclass
class Witness:
    """Everything that was ever seen of one Deployment."""

    api: ApiServer
    name: str = "live"
    chain: list[AuditRecord] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    broken: str = ""
    """How the chain does not hold together, if it does not."""
    revisions: dict[int, Raw] = field(default_factory=dict)
    verified: set[str] = field(default_factory=set)
    """UIDs of slots that passed their smoke check."""
    lost: set[str] = field(default_factory=set)
    """Digests whose artifacts are not in the store."""
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)
    """Newest attempt that a record tells of, by owner's UID and request hash."""

    def see(self, change: Change) -> None:
        """Take a change of the API server."""
        if (change.kind, change.verb) == ("Job", "create") and change.after is not None:
            self._verifies(change.after)
        if (change.kind, change.verb) == ("ControllerRevision", "delete") and change.before is not None:
            self._forget(change.before)
        if change.kind != "ControllerRevision" or change.after is None or change.before is not None:
            return
        metadata, data = change.after["metadata"], change.after["data"]
        if data.get("record") == "stage":
            asked = _asked_by(change.after)
            self.attempts[asked] = max(self.attempts.get(asked, 0), data["attempt"])
            if (data["stage"], data["outcome"]) == ("verify", "Succeeded"):
                self.verified.add(self._asked.get(data["requestHash"], ""))
        if metadata["labels"].get(meta.LABEL_OWNER) != self.name:
            return
        if data.get("record") == "revision":
            self.revisions[data["revision"]] = data
        if data.get("record") == "audit":
            self._link(AuditRecord.parse(data))

    def _forget(self, record: Raw) -> None:
        """What is asked after the last record of it was pruned begins with the first attempt again."""
        data = record["data"]
        if data.get("record") == "stage" and self.attempts.get(_asked_by(record)) == data["attempt"]:
            del self.attempts[_asked_by(record)]

    def _verifies(self, job: Raw) -> None:
        """Remember which slot a smoke check is about."""
        template = job["spec"]["template"]["metadata"]["annotations"]
        envelope = json.loads(template[ANNOTATION_REQUEST])
        if envelope["stage"] == "verify":
            slot = envelope["request"]["url"].removeprefix("http://").partition(".")[0]
            found = self.api.objects.get(("AppsDeployment", slot))
            self._asked[envelope["requestHash"]] = found["metadata"]["uid"] if found else ""

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

    _asked: dict[str, str] = field(default_factory=dict)
    """Slot's UID by the request hash of its smoke check."""

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

    def waits_for_room(self) -> bool:
        """Whether a slot has a Pod that no node takes. It holds whatever comes after it."""
        slots = [r["slot"] for r in self.revisions.values()]
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


def _asked_by(record: Raw) -> tuple[str, str]:
    """Owner's UID and request hash of a stage record."""
    return record["metadata"]["annotations"][meta.ANNOTATION_OWNER_UID], record["data"]["requestHash"]
