"""Plays kubelet where there are no nodes: ends the Pods of Jobs as told, makes the Pods of slots ready.

The Job controller and the Deployment controller are the real ones.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from sluice_api.contracts.envelope import Envelope, ExitCode, Report, ReportFailure
from sluice_operator.children.jobs import ANNOTATION_REQUEST
from support.background import Background
from support.podwatch import PodWatch
from support.simcluster import Answer
from support.teamspace import Raw, Teamspace

POLL_SECONDS = 0.1
"""How often a Pod is looked at again whose answer may have come since; news are heard at once."""


@dataclass
class PodDriver:
    """Use it as a context manager. `answer` tells how each stage's Pod ends; None leaves the Pod running."""

    space: Teamspace
    answer: Callable[[Envelope], Answer | None]
    serves: Callable[[Raw], bool] = lambda _: True
    """Whether the Pod of a slot becomes ready."""
    schedule: Callable[[Raw], None] = lambda _: None
    """What happens to the Pod of a stage before it runs."""
    ended: list[str] = field(default_factory=list)
    """Pods that were ended, in order."""
    poll_seconds: float = POLL_SECONDS
    _watch: PodWatch = field(init=False)
    _background: Background = field(init=False)

    def __post_init__(self) -> None:
        self._watch = PodWatch(self.space)
        self._background = Background(self._step)

    def __enter__(self) -> Self:
        self._watch.__enter__()
        self._background.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background.stop()
        self._watch.__exit__(kind, error, trace)
        self._background.end(error)

    def _step(self) -> None:
        self._watch.changed.wait(self.poll_seconds)
        self._watch.changed.clear()
        for pod in self._watch.pods():
            self._play(pod)

    def _play(self, pod: Raw) -> None:
        if "deletionTimestamp" in pod["metadata"]:
            return
        owner = pod["metadata"].get("ownerReferences", [{}])[0].get("kind")
        phase = pod.get("status", {}).get("phase", "Pending")
        if owner == "Job" and phase in ("Pending", "Running"):
            self._play_stage(pod, phase)
        elif owner == "ReplicaSet" and phase == "Pending" and self.serves(pod):
            self._write(pod, running_status(pod, ready=True))

    def _play_stage(self, pod: Raw, phase: str) -> None:
        envelope = Envelope.parse(json.loads(pod["metadata"]["annotations"][ANNOTATION_REQUEST]))
        answer = self.answer(envelope)
        if answer is not None:
            self.ended.append(pod["metadata"]["name"])
            self._write(pod, ended_status(pod, envelope, answer))
        elif phase == "Pending":
            self.schedule(pod)
            self._write(pod, running_status(pod, ready=False))

    def _write(self, pod: Raw, status: Raw) -> None:
        name = pod["metadata"]["name"]
        path = f"/api/v1/namespaces/{self.space.name}/pods/{name}/status"
        body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        answer = self.space.api.call("PATCH", path, body, "application/merge-patch+json")
        # A Pod may be deleted, or be another one, between news and write.
        assert answer.code in (200, 404, 409), answer
        if answer.code == 200:
            self._watch.take(answer.body)


def running_status(pod: Raw, *, ready: bool) -> Raw:
    """A Pod that runs."""
    name = pod["spec"]["containers"][0]["name"]
    return {
        "phase": "Running",
        "conditions": [_condition("PodScheduled", holds=True), _condition("Ready", holds=ready)],
        "containerStatuses": [_container(name, {"running": {"startedAt": stamp()}}, ready=ready)],
    }


def ended_status(pod: Raw, envelope: Envelope, answer: Answer) -> Raw:
    """A Pod that ended as `answer` says, with the report that a stage would leave."""
    code, result, reason = answer
    failure = ReportFailure(reason=reason, message=f"{envelope.stage}: {reason}") if reason else None
    report = Report(
        stage=envelope.stage,
        request_hash=envelope.request_hash,
        folder=f"{envelope.stage}/{envelope.request_hash}/{pod['metadata']['uid']}",
        failure=failure,
        result=result,
        started_at=stamp(),
        finished_at=stamp(),
    )
    ended = {
        "exitCode": code,
        "reason": "Completed" if code == ExitCode.DONE else "Error",
        "message": json.dumps(report.dump()),
        "startedAt": stamp(),
        "finishedAt": stamp(),
    }
    name = pod["spec"]["containers"][0]["name"]
    return {
        "phase": "Succeeded" if code == ExitCode.DONE else "Failed",
        "conditions": [_condition("PodScheduled", holds=True), _condition("Ready", holds=False)],
        "containerStatuses": [_container(name, {"terminated": ended}, ready=False)],
    }


def stamp() -> str:
    """Now, as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(kind: str, *, holds: bool) -> dict[str, Any]:
    return {"type": kind, "status": "True" if holds else "False", "lastTransitionTime": stamp()}


def _container(name: str, state: Raw, *, ready: bool) -> Raw:
    return {"name": name, "image": "x", "imageID": "", "ready": ready, "restartCount": 0, "state": state}
