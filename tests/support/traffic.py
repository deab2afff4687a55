"""A live quickstart with people around it: what stories of promotion and going back have in common."""

from datetime import UTC, datetime
from typing import Any

from sluice_api.audit import AuditRecord
from sluice_api.decisions import ANNOTATIONS, Decision, Request
from sluice_api.hashing import digest_of
from sluice_api.records import DriftRecord
from sluice_operator.children import records
from sluice_operator.model import Key
from support.plaincopy import copied
from support.quickstart import LABELS, Stages, deployment_spec, quickstart, run_spec
from support.simapi import NAMESPACE, Raw

LIVE = Key(NAMESPACE, "Deployment", "live")
USER = "ann"
SOON = 600
"""Seconds; what is due later belongs to no story that comes to rest now."""


class Traffic:
    """One Deployment, the models that were made for it, and people who decide."""

    def __init__(self, stages: Stages | None = None, gate: Raw | None = None, **spec: Any) -> None:
        self.stages = stages or Stages()
        self.cluster = quickstart(self.stages, gate)
        self.edit(**spec)
        self.words = 0
        self.settle()

    # What happens

    def settle(self, most: int = 400) -> None:
        """Let everything come to rest: what is due happens, and time jumps to what is due next."""
        api = self.cluster.api
        for _ in range(most):
            before = api.version
            self.step()
            due = min(self.cluster.operator.due.values(), default=1e9) - api.elapsed
            if api.version != before:
                api.sleep(1)
            elif due > SOON:
                return
            else:
                api.sleep(max(due, 0.01))
        raise AssertionError(f"no rest after {most} rounds: {self.acts()[-6:]}")

    def step(self) -> None:
        """Whatever is due, and one round of the cluster's own controllers."""
        operator = self.cluster.operator
        operator.deliver()
        for key in operator.ready():
            operator.run(key)
        self.cluster.play()

    def wait(self, seconds: float) -> None:
        """Let time pass, then let everything come to rest."""
        self.cluster.sleep(seconds)
        self.settle()

    def edit(self, **spec: Any) -> None:
        """Apply the Deployment with this spec."""
        self.cluster.add("Deployment", "live", deployment_spec(**spec))

    def train(self, name: str, seed: int, *, settle: bool = True) -> None:
        """Apply a run a minute later."""
        self.cluster.sleep(60)
        self.cluster.add("TrainingRun", name, run_spec(seed), LABELS)
        if settle:
            self.settle()

    def ask(
        self,
        decision: Decision,
        digest: str,
        seen: int | None = None,
        user: str = USER,
        *,
        settle: bool = True,
    ) -> Request:
        """Write a request as the plugin would, and let it be answered."""
        self.words += 1
        at = self.links()[-1].sequence if seen is None and self.links() else seen or 0
        request = Request(decision=decision, digest=digest, id=f"{at}.word{self.words}", user=user)
        self.annotate(decision, request.text(), settle=settle)
        return request

    def annotate(self, decision: Decision, text: str | None, *, settle: bool = True) -> None:
        """Set or remove an annotation, and let everything come to rest."""
        me = copied(self.cluster.objects["Deployment", "live"])
        annotations = me["metadata"].setdefault("annotations", {})
        if text is None:
            annotations.pop(ANNOTATIONS[decision], None)
        else:
            annotations[ANNOTATIONS[decision]] = text
        self.cluster.put("Deployment", me)
        if settle:
            self.settle()

    def down(self, slot: str) -> None:
        """The Pods of a slot fail, and the health deadline passes."""
        self.cluster.node.down.add(slot)
        self.settle()

    def tick(self, result: str) -> None:
        """A drift check ends."""
        related = self.cluster.observe(LIVE)
        assert related is not None
        fold = self.links()[-1].fold
        assert fold.live is not None
        number = 1 + len(
            [r for r in self.cluster.of("ControllerRevision") if r["data"].get("record") == "drift"]
        )
        reason = {"Good": "no_drift", "Bad": "drift_suspected"}.get(result, "drift_unknown")
        tick = DriftRecord.parse(
            {
                "transition": fold.history[0].transition,
                "tick": number,
                "slot": fold.live.slot,
                "digest": fold.live.digest,
                "result": result,
                "reason": reason,
                "message": "checked",
                "checkedAt": self.cluster.stamp(),
            }
        )
        name = records.drift_name("live", tick.transition, number)
        self.cluster.put("ControllerRevision", records.record(related.me.resource, name, tick))
        self.settle()

    def patch(self, kind: Any, name: str, **changes: Any) -> None:
        """Change an object's spec by hand."""
        found = copied(self.cluster.objects[kind, name])
        found["spec"] = found["spec"] | changes
        self.cluster.put(kind, found)

    # What is seen

    @property
    def now(self) -> datetime:
        """The time."""
        return self.cluster.now.astimezone(UTC)

    def artifact(self, run: str) -> str:
        """Digest that a run made."""
        return str(self.cluster.objects["TrainingRun", run]["status"]["artifact"]["digest"])

    def slot(self) -> str | None:
        """Slot that the public Service leads to."""
        service = self.cluster.get("Service", "live")
        slot: str | None = (service or {"spec": {}})["spec"].get("selector", {}).get("sluice.dev/slot")
        return slot

    def serves(self) -> str | None:
        """Digest that clients are served by now; None when nothing answers."""
        slot = self.cluster.get("AppsDeployment", self.slot() or "")
        if slot is None or not slot["status"]["availableReplicas"]:
            return None
        return str(slot["metadata"]["annotations"]["sluice.dev/digest"])

    def slots(self) -> dict[str, int]:
        """Wanted Pods of every slot."""
        return {s["metadata"]["name"]: s["spec"]["replicas"] for s in self.cluster.of("AppsDeployment")}

    @property
    def status(self) -> Raw:
        """Status of the Deployment."""
        return dict(self.cluster.objects["Deployment", "live"]["status"])

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and reason of a condition."""
        return next((c["status"], c["reason"]) for c in self.status["conditions"] if c["type"] == kind)

    def holds(self) -> list[str]:
        """Reasons of the holds."""
        return [h["reason"] for h in self.status.get("holds", [])]

    def refused(self) -> list[str]:
        """Digests that were rolled back."""
        return [r["digest"] for r in self.status.get("refused", [])]

    def links(self) -> list[AuditRecord]:
        """The audit chain, oldest first."""
        found = [
            r["data"] for r in self.cluster.of("ControllerRevision") if r["data"].get("record") == "audit"
        ]
        return sorted((AuditRecord.parse(d) for d in found), key=lambda link: link.sequence)

    def acts(self, since: int = 0) -> list[tuple[str, str, str]]:
        """Phase, cause and reason of each link after a sequence."""
        return [(k.phase, k.cause, k.reason) for k in self.links() if k.sequence > since]

    def seen(self) -> int:
        """Newest sequence."""
        return self.links()[-1].sequence if self.links() else 0

    def rests(self) -> bool:
        """Whether nothing is left to write."""
        plan = self.cluster.plan(LIVE)
        return plan is not None and not (plan.apply or plan.delete) and plan.status == self.status


def nobody(name: str) -> str:
    """A digest that nobody made."""
    return digest_of(["nobody", name])


def two_models(**spec: Any) -> tuple[Traffic, str, str]:
    """A served first, B serves now; with their digests."""
    world = Traffic(**spec)
    first = world.serves()
    world.train("better", 2)
    second = world.serves()
    assert first is not None
    assert second == world.artifact("better") != first
    return world, first, second
