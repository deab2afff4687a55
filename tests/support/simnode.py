"""Job controller, Deployment controller, scheduler and kubelet of a simulation.

New Jobs get a Pod, running Pods end with what a stage answers, slots become available or do not. What may go
wrong is set from outside; nothing here knows what the operator wants.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sluice_api import meta, reasons
from sluice_api.contracts.envelope import Envelope, ExitCode, Report, ReportFailure
from sluice_operator.children.jobs import ANNOTATION_REQUEST
from support.plaincopy import copied
from support.simapi import NAMESPACE, ApiServer, Raw

Answer = tuple[int, Raw | None, str]
"""Exit code, result, reason of the failure."""
BROKEN = "test/broken"
"""Annotation of a slot whose Pod never becomes ready."""
ACTOR = "node"


@dataclass
class SimNode:
    """The controllers of the cluster and one node."""

    api: ApiServer
    answer: Callable[[Envelope], Answer | None]
    """How the Pod of a stage ends; None leaves it running."""
    down: set[str] = field(default_factory=set)
    """Slots whose Pods are not ready."""
    gone: set[str] = field(default_factory=set)
    """Digests whose artifacts are not in the store any more."""
    room: int = 100
    """Pods of slots that fit."""
    told: Callable[[Envelope, str], str] = lambda envelope, reason: f"{envelope.stage}: {reason}"
    """The message of a stage that fails."""
    steps: int = 1
    """How far each Job and each slot gets in one round."""

    def play(self) -> None:
        """One round of everything."""
        self.api.collect()
        for job in self.api.of("Job"):
            self._play_job(job)
        for slot in self.api.of("AppsDeployment"):
            self._play_slot(slot)

    # Jobs

    def _play_job(self, job: Raw) -> None:
        name = job["metadata"]["name"]
        if job.get("status", {}).get("conditions"):
            return
        pod = self.api.objects.get(("Pod", f"{name}-pod"))
        if job["spec"].get("suspend"):
            if pod is not None:
                self.api.delete("Pod", f"{name}-pod", pod["metadata"]["uid"], "", ACTOR)
        elif pod is None:
            self.api.put("Pod", self.pod_of(job), ACTOR)
        elif pod["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]:
            self._end_job(job, pod)

    def pod_of(self, job: Raw) -> Raw:
        """The Pod that the Job controller would start for a Job, at work."""
        running = {"name": "stage", "state": {"running": {"startedAt": self.api.stamp()}}}
        status = {"phase": "Running", "conditions": [_scheduled(True)], "containerStatuses": [running]}
        return self._pod(job, "Job", f"{job['metadata']['name']}-pod", status)

    def _pod(self, owner: Raw, kind: str, name: str, status: Raw) -> Raw:
        reference = {"apiVersion": "batch/v1", "kind": kind, "name": owner["metadata"]["name"]}
        template = owner["spec"]["template"]
        images = [{"image": c["image"]} for c in template["spec"]["containers"]]
        return {
            "metadata": copied(template["metadata"])
            | {
                "name": name,
                "namespace": NAMESPACE,
                "ownerReferences": [reference | {"controller": True, "uid": owner["metadata"]["uid"]}],
            },
            "spec": copied(template["spec"]) if kind == "Job" else {"containers": images},
            "status": status,
        }

    def _end_job(self, job: Raw, pod: Raw) -> None:
        envelope = _envelope(job["spec"]["template"])
        answer = self.answer(envelope)
        if answer is None:
            return
        code, result, reason = answer
        ended = {
            "exitCode": code,
            "reason": "Completed" if code == ExitCode.DONE else "Error",
            "message": self._report(envelope, result, reason),
            "startedAt": self.api.stamp(),
            "finishedAt": _later(self.api),
        }
        changed = copied(pod)
        changed["status"]["phase"] = "Succeeded" if code == 0 else "Failed"
        changed["status"]["containerStatuses"] = [{"name": "stage", "state": {"terminated": ended}}]
        self.api.put("Pod", changed, ACTOR)
        condition = {"type": "Complete" if code == 0 else "Failed", "status": "True", "reason": "Ended"}
        finished = condition | {"lastTransitionTime": self.api.stamp()}
        status = {"conditions": [finished], "startTime": self.api.stamp()}
        self.api.put("Job", job | {"status": status}, ACTOR)

    def _report(self, envelope: Envelope, result: Raw | None, reason: str) -> str:
        failure = ReportFailure(reason=reason, message=self.told(envelope, reason)) if reason else None
        report = Report(
            stage=envelope.stage,
            request_hash=envelope.request_hash,
            folder=f"{envelope.stage}/{envelope.request_hash}/x",
            failure=failure,
            result=result,
            started_at=self.api.stamp(),
            finished_at=self.api.stamp(),
        )
        return json.dumps(report.dump())

    # Slots

    def _play_slot(self, slot: Raw) -> None:
        name = f"{slot['metadata']['name']}-pod"
        pod = self.api.objects.get(("Pod", name))
        if pod is not None and not self._fits(pod, slot):
            self.api.delete("Pod", name, pod["metadata"]["uid"], "", ACTOR)
            pod = None
        elif pod is None and slot["spec"]["replicas"]:
            status: Raw = {"phase": "Pending", "conditions": [_scheduled(False)]}
            self.api.put("Pod", self._pod(slot, "ReplicaSet", name, status), ACTOR)
        elif pod is not None:
            pod = self._play_slot_pod(slot, pod)
        self._show_slot(slot, ready=pod is not None and _is_ready(pod))

    def _fits(self, pod: Raw, slot: Raw) -> bool:
        images = [{"image": c["image"]} for c in slot["spec"]["template"]["spec"]["containers"]]
        mine = pod["metadata"]["ownerReferences"][0]["uid"] == slot["metadata"]["uid"]
        return bool(mine and slot["spec"]["replicas"] and pod["spec"]["containers"] == images)

    def _play_slot_pod(self, slot: Raw, pod: Raw) -> Raw:
        status = copied(pod["status"])
        digest = slot["metadata"].get("annotations", {}).get(meta.ANNOTATION_DIGEST, "")
        broken = slot["metadata"].get("annotations", {}).get(BROKEN) == "true"
        if status["conditions"][0]["status"] == "False":
            fits = self._taken() < self.room
            since = {"lastTransitionTime": self.api.stamp()} if fits else {}
            status["conditions"] = [_scheduled(fits) | since]
        elif status["phase"] == "Pending" and digest in self.gone:
            status["initContainerStatuses"] = [self._refused(slot)]
        else:
            ready = not broken and slot["metadata"]["name"] not in self.down
            status["phase"] = "Running" if ready else status["phase"]
            status["conditions"] = [status["conditions"][0], {"type": "Ready", "status": str(ready)}]
            status.pop("initContainerStatuses", None)
        return self.api.put("Pod", pod | {"status": status}, ACTOR)

    def _taken(self) -> int:
        """Slot Pods that a node holds."""
        pods = [p for p in self.api.of("Pod") if p["metadata"]["name"].removesuffix("-pod") in self._slots()]
        return sum(p["status"]["conditions"][0]["status"] == "True" for p in pods)

    def _slots(self) -> set[str]:
        return {s["metadata"]["name"] for s in self.api.of("AppsDeployment")}

    def _refused(self, slot: Raw) -> Raw:
        """The init container's end when the store does not hold the artifact."""
        envelope = _envelope(slot["spec"]["template"])
        ended = {
            "exitCode": int(ExitCode.INPUT_WRONG),
            "reason": "Error",
            "message": self._report(envelope, None, reasons.ARTIFACT_DIGEST_MISMATCH.code),
            "finishedAt": self.api.stamp(),
        }
        waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
        return {"name": "fetch", "state": waiting, "lastState": {"terminated": ended}}

    def _show_slot(self, slot: Raw, *, ready: bool) -> None:
        replicas = slot["spec"]["replicas"]
        status = "True" if ready or not replicas else "False"
        known = slot.get("status", {}).get("conditions", [{}])[0]
        since = known.get("lastTransitionTime") if known.get("status") == status else self.api.stamp()
        condition = {"type": "Available", "status": status, "lastTransitionTime": since}
        body = {
            "conditions": [condition],
            "availableReplicas": replicas if ready else 0,
            "observedGeneration": slot["metadata"]["generation"],
        }
        self.api.put("AppsDeployment", slot | {"status": body}, ACTOR)


def _envelope(template: Raw) -> Envelope:
    return Envelope.parse(json.loads(template["metadata"]["annotations"][ANNOTATION_REQUEST]))


def _later(api: ApiServer) -> str:
    return (api.now + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _scheduled(fits: bool) -> dict[str, Any]:
    told = {} if fits else {"message": "0/1 nodes are available: insufficient memory"}
    return {"type": "PodScheduled", "status": "True" if fits else "False", **told}


def _is_ready(pod: Raw) -> bool:
    return any(c == {"type": "Ready", "status": "True"} for c in pod["status"]["conditions"])
