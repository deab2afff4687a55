"""Five stories: what is applied, what people do, and how Pods end. Each comes to one end, whatever dies.

A story only looks at the API and acts on it; it does not know whether an operator lives.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice_api import meta
from sluice_api.contracts.envelope import Envelope
from sluice_api.decisions import ANNOTATIONS, Request
from support.flow import apply_quickstart
from support.pod_driver import stamp
from support.quickstart import LABELS, Stages, run_spec
from support.simcluster import Answer
from support.teamspace import Raw, Teamspace

PATIENCE = 240
EVERY_SECONDS = 30
NEVER_SECONDS = 2_592_000
STRICT = "0.95"
"""A threshold that nothing reaches."""


class Cast(Stages):
    """Stages of which some wait until the story lets them go on."""

    def __init__(self) -> None:
        super().__init__(clock=stamp)
        self.holds: Callable[[Envelope], bool] = lambda _: False

    def __call__(self, envelope: Envelope) -> Answer | None:  # type: ignore[override]
        return None if self.holds(envelope) else super().__call__(envelope)

    def _judge(self, envelope: Envelope) -> dict[str, Any]:
        value = envelope.request["criteria"][0].get("value")
        self.verdict = lambda _: "Fail" if value == STRICT else "Pass"
        return super()._judge(envelope)


@dataclass
class Scene:
    """Where a story plays."""

    space: Teamspace
    stages: Cast = field(default_factory=Cast)

    @property
    def live(self) -> Raw:
        """Status of the Deployment."""
        return dict(self.space.get("Deployment", "live").get("status", {}))

    @property
    def is_archived(self) -> bool:
        """Whether the status says that every link of the chain is in the archive."""
        audit = self.live.get("audit", {})
        return bool(audit) and audit.get("archivedSequence") == audit["sequence"]

    def digest(self, run: str) -> str:
        """Digest of what a run made; empty before."""
        status = (self.space.find("TrainingRun", run) or {}).get("status", {})
        return str(status.get("artifact", {}).get("digest", ""))

    def serves(self, digest: str) -> None:
        """Wait until traffic goes to a digest, and the status says so."""

        def holds() -> bool:
            ready = self.space.condition("Deployment", "live", "Ready").get("status") == "True"
            return ready and bool(digest) and self.live.get("active", {}).get("digest") == digest

        self.space.wait(f"traffic to {digest[:19]}", holds, PATIENCE)

    def first_goes_live(self) -> str:
        """The quickstart; the digest that is live then."""
        apply_quickstart(self.space)
        self.space.patch("Deployment", "live", {"spec": {"rollback": {"drainSeconds": 1}}})
        self.space.wait("the first artifact", lambda: bool(self.digest("good")), PATIENCE)
        self.serves(self.digest("good"))
        return self.digest("good")

    def second_is_trained(self) -> str:
        """A better run; its digest."""
        self.space.add("TrainingRun", "better", run_spec(2), LABELS)
        self.space.wait("the second artifact", lambda: bool(self.digest("better")), PATIENCE)
        return self.digest("better")

    def ask_rollback(self, digest: str) -> None:
        """A person asks, having seen the newest record."""
        seen = self.live["audit"]["sequence"]
        request = Request(decision="rollback-to", digest=digest, id=f"{seen}.again", user="pat")
        note = {"metadata": {"annotations": {ANNOTATIONS["rollback-to"]: request.text()}}}
        self.space.patch("Deployment", "live", note)


def quickstart(scene: Scene) -> None:
    """Rows become live traffic, and the chain is archived."""
    scene.first_goes_live()
    scene.space.wait("the archive", lambda: scene.is_archived, PATIENCE)


def rollback(scene: Scene) -> None:
    """A is live, B is promoted, a person goes back to A; B is drained."""
    first = scene.first_goes_live()
    scene.serves(scene.second_is_trained())
    scene.ask_rollback(first)
    scene.serves(first)


def drift(scene: Scene) -> None:
    """B is live and gets worse: the first tick takes traffic back to A."""
    scene.stages.change = lambda _: -0.2
    first = scene.first_goes_live()
    scene.serves(scene.second_is_trained())
    watch = {"everySeconds": EVERY_SECONDS, "failuresToAct": 1, "actions": ["Alert", "Rollback"]}
    scene.space.patch("Deployment", "live", {"spec": {"drift": watch}})
    scene.serves(first)
    # What is live now would be checked too, at a time that differs from run to run.
    scene.space.patch("Deployment", "live", {"spec": {"drift": {"everySeconds": NEVER_SECONDS}}})


def gate(scene: Scene) -> None:
    """B has passed and is being verified when the gate is made stricter: B never goes live."""
    first = scene.first_goes_live()
    scene.stages.holds = lambda e: e.stage == "verify" and e.request["digest"] != first
    second = scene.second_is_trained()
    scene.space.wait("the check of the second", lambda: _is_verified(scene.space, second), PATIENCE)
    criteria = scene.space.get("EvalGate", "gate")["spec"]["criteria"]
    stricter = [{**criteria[0], "value": STRICT}]
    scene.space.patch("EvalGate", "gate", {"spec": {"criteria": stricter}})
    scene.space.wait("the verdict", lambda: _has_failed(scene.space, second), PATIENCE)
    scene.space.wait("the spare slot", lambda: len(scene.space.list("AppsDeployment")) == 1, PATIENCE)
    scene.stages.holds = lambda _: False
    scene.serves(first)


def adoption(scene: Scene) -> None:
    """The run is deleted and applied again: its artifact is adopted, and traffic stays."""
    first = scene.first_goes_live()
    scene.space.delete("TrainingRun", "good")
    scene.space.wait("the end of the run", lambda: not _is_left(scene.space, "good"), PATIENCE)
    scene.space.add("TrainingRun", "good", run_spec(1), LABELS)
    scene.space.wait_condition("TrainingRun", "good", "Ready", seconds=PATIENCE)
    scene.serves(first)


STORIES: Mapping[str, Callable[[Scene], None]] = {
    story.__name__: story for story in (quickstart, rollback, drift, gate, adoption)
}


def _is_verified(space: Teamspace, digest: str) -> bool:
    slots = [s for s in space.list("AppsDeployment") if _digest_of(s) == digest]
    jobs = [j for j in space.list("Job") if j["metadata"]["labels"][meta.LABEL_STAGE] == "verify"]
    return bool(slots) and len(jobs) == 2


def _has_failed(space: Teamspace, digest: str) -> bool:
    verdicts = [r["data"] for r in space.list("ControllerRevision") if r["data"]["record"] == "verdict"]
    return any((v["digest"], v["verdict"]) == (digest, "Fail") for v in verdicts)


def _is_left(space: Teamspace, run: str) -> bool:
    children = [*space.list("Job"), *space.list("ControllerRevision")]
    owned = (c["metadata"]["labels"] for c in children)
    theirs = [o for o in owned if (o[meta.LABEL_OWNER_KIND], o[meta.LABEL_OWNER]) == ("TrainingRun", run)]
    return bool(theirs) or space.find("TrainingRun", run) is not None


def _digest_of(slot: Raw) -> str:
    return str(slot["metadata"]["annotations"][meta.ANNOTATION_DIGEST])
