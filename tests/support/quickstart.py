"""The quickstart's objects and answers of its stages, for tests that play the stages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sluice_api.audit import AuditRecord
from sluice_api.contracts.envelope import Envelope
from sluice_api.contracts.requests import LedgerRequest, PrepareRequest
from sluice_api.hashing import digest_of
from sluice_api.identity import fingerprint
from sluice_operator.settings import Settings
from support.simcluster import Answer, SimCluster

SETTINGS = Settings.parse(
    {
        "trainerImage": "trainer@sha256:1",
        "compute": [{"name": "default", "allowedNamespaces": ["*"]}],
        "storage": [{"name": "default", "allowedNamespaces": ["*"], "prefix": "s3://sluice/{namespace}/"}],
        "serving": [{"name": "default", "allowedNamespaces": ["*"], "image": "vllm@sha256:1"}],
    }
)
LABELS = {"task": "triage"}
BASE = digest_of("base")


def pack_spec(name: str, purpose: str = "Train") -> dict[str, Any]:
    return {
        "purpose": purpose,
        "sources": [{"name": "rows", "locator": f"s3://sluice/team/{name}.jsonl", "mapper": "ChatMessages"}],
    }


def run_spec(seed: int, steps: int = 60) -> dict[str, Any]:
    return {
        "datasetRef": {"name": "train"},
        "baseModel": {"s3": {"uri": "s3://sluice/team/models/base"}},
        "hyperparameters": {"seed": seed, "maxSteps": steps},
    }


def gate_spec(value: str = "0.8", **more: Any) -> dict[str, Any]:
    criterion = {"suite": "gold", "metric": "exact_match", "operator": "GreaterOrEqual", "value": value}
    return {
        "candidates": {"selector": {"matchLabels": LABELS}},
        "suites": [{"name": "gold", "datasetRef": {"name": "gold"}}],
        "criteria": [criterion],
        **more,
    }


def deployment_spec(**more: Any) -> dict[str, Any]:
    return {"gateRef": {"name": "gate"}, **more}


@dataclass
class Stages:
    """Answers of the stages."""

    items: int = 250
    labels: int = 0
    """Labels that an evaluation pack took from its rows; 0: none."""
    contradicting: int = 0
    """Items of an evaluation pack that no model can have right."""
    window: int = 0
    """Tokens of the longest question with its answer; 0: an earlier version, which does not tell."""
    longest: int = 0
    """Tokens of the longest answer of a pack."""
    cut: int = 0
    """Replies that are cut at their limit."""
    shared: str = ""
    """What training packs share with the packs that they name."""
    verdict: Callable[[str], str] = lambda _: "Pass"
    """Verdict about an artifact digest."""
    change: Callable[[str], float] = lambda _: 0.0
    """How much better than at promotion the live slot is, by the identity of the drift check."""
    faults: list[Answer] = field(default_factory=list)
    """Answers that come first, one per Pod that ends."""
    artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Finished artifacts by fingerprint, as the store would find them."""
    archive: dict[str, dict[str, dict[int, AuditRecord]]] = field(default_factory=dict)
    """Archived links of audit chains, by name, chain and number."""
    findings: list[dict[str, Any]] = field(default_factory=list)
    """What a check of the archive finds."""
    asked: list[Envelope] = field(default_factory=list)
    clock: Callable[[], str] = lambda: "2026-01-01T00:00:00Z"

    def __call__(self, envelope: Envelope) -> Answer:
        self.asked.append(envelope)
        if self.faults:
            return self.faults.pop(0)
        return 0, getattr(self, f"_{envelope.stage}")(envelope), ""

    def _place(self, envelope: Envelope) -> dict[str, str]:
        return {
            "uri": f"{envelope.stage}/{envelope.request_hash}/x",
            "digest": digest_of(envelope.request_hash),
        }

    def _pack(self, envelope: Envelope) -> dict[str, Any]:
        place = self._place(envelope)
        split = "eval" if envelope.request["purpose"] == "Evaluation" else "train"
        return {
            "contamination": self.shared if envelope.request.get("contaminationAgainst") else "",
            "digest": place["digest"],
            "manifest": place,
            "rows": {"read": self.items, "accepted": self.items, "rejected": 0},
            "splits": [{"name": split, "rows": self.items}],
            "longestAnswerTokens": self.longest,
            **({"labels": self.labels} if self.labels and split == "eval" else {}),
        } | self._contradictions(split)

    def _contradictions(self, split: str) -> dict[str, Any]:
        if split != "eval" or not self.contradicting:
            return {}
        count = {"rows": self.contradicting, "inAnyForm": self.contradicting, "lines": "gold:2"}
        return {"contradictions": count}

    def _prepare(self, envelope: Envelope) -> dict[str, Any]:
        request = PrepareRequest.parse(envelope.request)
        identity = fingerprint(request, BASE)
        common = {
            "fingerprint": identity,
            "base": {"uri": request.base.uri, "digest": BASE},
            "dataset": request.dataset.dump(),
        }
        if identity in self.artifacts:
            return common | {"artifact": self.artifacts[identity]}
        return common | {"tokens": self._place(envelope), "totalSteps": 60}

    def _train(self, envelope: Envelope) -> dict[str, Any]:
        return {"weights": self._place(envelope), "steps": 60}

    def _package(self, envelope: Envelope) -> dict[str, Any]:
        artifact = {
            "uri": f"package/{envelope.request_hash}/x",
            "digest": digest_of(["artifact", envelope.request["fingerprint"]]),
            "sizeBytes": 1000,
            "contextLength": 2048,
            "dtype": "float32",
            "parameters": 1000,
            "completedAt": self.clock(),
        }
        self.artifacts[envelope.request["fingerprint"]] = artifact
        return {"artifact": artifact}

    def _evaluate(self, envelope: Envelope) -> dict[str, Any]:
        target = envelope.request.get("artifact") or envelope.request["endpoint"]
        digest = target["digest"]
        told = {"digest": digest, "results": self._place(envelope), "items": self.items}
        return told | {"windowTokens": self.window, "cutReplies": self.cut}

    def _judge(self, envelope: Envelope) -> dict[str, Any]:
        if envelope.request.get("identity"):
            return self._judge_drift(envelope)
        verdict = self.verdict(envelope.request["candidate"]["digest"])
        reason = {"Pass": "passed", "Fail": "criterion_failed"}.get(verdict, "inconclusive")
        outcome = f"{verdict} {reason} 0.9 0.85 0.95 {self.items} -"
        return {
            "verdict": verdict,
            "reason": reason,
            "message": "exact_match 0.9",
            "outcomes": [outcome],
            "evidence": self._place(envelope),
        }

    def _judge_drift(self, envelope: Envelope) -> dict[str, Any]:
        """The change since the promotion, told for what is compared, and the metric itself for the rest."""
        change = self.change(envelope.request["identity"])
        verdict, reason = ("Fail", "criterion_failed") if change < -0.05 else ("Pass", "passed")
        outcomes = [
            f"{verdict} {reason} {change:g} {change - 0.02:g} {change + 0.02:g} {self.items} -"
            if criterion.get("compare") == "DeltaToBaseline"
            else f"Pass passed {0.9 + change:g} {0.9 + change:g} {0.9 + change:g} {self.items} -"
            for criterion in envelope.request["criteria"]
        ]
        told = {"verdict": verdict, "reason": reason, "message": f"exact_match {change:g}"}
        return {**told, "outcomes": outcomes, "evidence": self._place(envelope)}

    def _ledger(self, envelope: Envelope) -> dict[str, Any]:
        """The archive as chain and link number, so that a test can look into it and take from it."""
        request = LedgerRequest.parse(envelope.request)
        chains = self.archive.setdefault(request.name, {})
        told: dict[str, Any] = {"mode": request.mode, "identity": request.identity}
        if request.mode == "Inherit":
            heads = [links[max(links)] for links in chains.values()]
            refused = dict.fromkeys(r.digest for head in heads for r in head.fold.refused)
            return told | {"links": len(heads), "refused": list(refused), "found": len(refused)}
        if request.mode == "Verify":
            told |= {"findings": self.findings, "found": len(self.findings)}
        links = chains.setdefault(request.chain, {})
        links.update({r.sequence: r for r in request.records})
        newest = links[max(links)]
        return told | {"sequence": newest.sequence, "headHash": newest.hash, "links": len(links)}

    def _verify(self, envelope: Envelope) -> dict[str, Any]:
        return {"digest": envelope.request["digest"], "prompts": 5, "results": self._place(envelope)}


def quickstart(stages: Stages | None = None, gate: dict[str, Any] | None = None) -> SimCluster:
    """A cluster with packs, one run, gate and Deployment applied, nothing done yet."""
    stages = stages or Stages()
    cluster = SimCluster(SETTINGS, stages)
    stages.clock = cluster.stamp
    cluster.add("DatasetPack", "train", pack_spec("train"))
    cluster.add("DatasetPack", "gold", pack_spec("gold", "Evaluation"))
    cluster.add("TrainingRun", "good", run_spec(1), LABELS)
    cluster.add("EvalGate", "gate", gate or gate_spec())
    cluster.add("Deployment", "live", deployment_spec())
    return cluster
