"""A cluster in memory for planners: it keeps what plans write and plays Jobs, Pods and slots.

Only for properties and long random walks; whole runs are tested on a real API server.
"""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sluice_api import meta
from sluice_api.contracts.envelope import Envelope, ExitCode, Report, ReportFailure
from sluice_operator.cache import Cache
from sluice_operator.kinds import RESOURCES, kind_of
from sluice_operator.model import Apply, Create, Delete, Key, Observed, Patch, Plan, Write
from sluice_operator.plans import PLANNERS
from sluice_operator.settings import Settings
from sluice_operator.views import view_of

NAMESPACE = "team"
Raw = dict[str, Any]
Answer = tuple[int, Raw | None, str]
"""Exit code, result, reason of the failure."""


class Conflict(Exception):
    """The write met something else than it was decided from."""


@dataclass
class SimCluster:
    """Objects by kind and name, a clock, and what stages answer."""

    settings: Settings
    answer: Callable[[Envelope], Answer]
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    objects: dict[tuple[str, str], Raw] = field(default_factory=dict)
    cache: Cache = field(default_factory=Cache)
    writes: list[tuple[str, str, str]] = field(default_factory=list)
    """Every write: verb, kind, name."""
    wakes: dict[Key, float] = field(default_factory=dict)
    """Seconds after which each object wants to be looked at again."""
    watch: Callable[["SimCluster"], None] = lambda _: None
    """Called after each write of the operator."""
    version: int = 0
    serial: int = 0

    # Objects

    def put(self, kind: str, data: Raw) -> Raw:
        """Create or replace an object as the API server would."""
        self.version += 1
        known = self.objects.get((kind, data["metadata"]["name"]))
        if known is None:
            self.serial += 1
            data["metadata"].setdefault("uid", f"uid-{self.serial}")
            data["metadata"].setdefault("creationTimestamp", self.stamp())
            data["metadata"].setdefault("generation", 1)
        data["metadata"]["resourceVersion"] = str(self.version)
        self.objects[kind, data["metadata"]["name"]] = data
        self.cache.put(kind, view_of(kind, data))  # type: ignore[arg-type]
        return data

    def add(self, kind: str, name: str, spec: Raw, labels: Mapping[str, str] | None = None) -> Raw:
        """Apply one of our objects; a changed spec is a new generation."""
        known = self.objects.get((kind, name))
        if known is not None:
            changed = deepcopy(known)
            changed["metadata"]["generation"] += int(known["spec"] != spec)
            changed["spec"] = spec
            return self.put(kind, changed)
        metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(labels or {})}
        body = {"apiVersion": meta.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
        return self.put(kind, body | {"status": {}})

    def get(self, kind: str, name: str) -> Raw | None:
        """An object, or None."""
        return self.objects.get((kind, name))

    def of(self, kind: str) -> list[Raw]:
        """All objects of a kind."""
        return [data for (found, _), data in self.objects.items() if found == kind]

    def drop(self, kind: str, name: str) -> None:
        """Delete an object and, as the garbage collector does, what it owns."""
        gone = self.objects.pop((kind, name), None)
        if gone is None:
            return
        self.version += 1
        self.cache.remove(kind, view_of(kind, gone))  # type: ignore[arg-type]
        uid = gone["metadata"]["uid"]
        owned = [
            (k, d["metadata"]["name"])
            for (k, _), d in list(self.objects.items())
            if any(o["uid"] == uid for o in d["metadata"].get("ownerReferences", []))
        ]
        for child_kind, child in owned:
            self.drop(child_kind, child)

    def stamp(self, when: datetime | None = None) -> str:
        """Time as the API writes it."""
        return (when or self.now).strftime("%Y-%m-%dT%H:%M:%SZ")

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    # The operator

    def observe(self, key: Key) -> Observed | None:
        """What the operator would see of an object."""
        me = self.cache.related(key)
        if me is None:
            return None
        return Observed(me, self.cache.world(key), self.settings, self.now)

    def plan(self, key: Key) -> Plan | None:
        """The plan of an object as things stand."""
        observed = self.observe(key)
        return PLANNERS[key.kind](observed) if observed else None

    def own(self) -> list[Key]:
        """All our objects, in a stable order."""
        return sorted(Key(NAMESPACE, k, n) for k, n in self.objects if k in RESOURCES)  # type: ignore[arg-type]

    def reconcile(self, key: Key, crash_after: int | None = None) -> int:
        """One pass; `crash_after` lets the operator die after that many writes. Returns the writes done."""
        plan = self.plan(key)
        if plan is None:
            return 0
        self.wakes[key] = 1e9 if plan.requeue_after is None else plan.requeue_after
        steps: list[Write | Delete] = [*plan.delete, *plan.apply]
        for done, step in enumerate(steps):
            if done == crash_after:
                return done
            try:
                self.write(step)
            except Conflict:
                return done
        resource = self.objects[key.kind, key.name]
        if crash_after is None and plan.status is not None and resource.get("status") != plan.status:
            self.put(key.kind, resource | {"status": deepcopy(dict(plan.status))})
            return len(steps) + 1
        return len(steps)

    def settle(self, rounds: int = 60, seconds: float = 2) -> None:
        """Reconcile and play until nothing changes any more."""
        for _ in range(rounds):
            before = self.version
            for key in self.own():
                self.reconcile(key)
            self.play()
            if self.version == before and all(wake > 600 for wake in self.wakes.values()):
                return
            self.sleep(seconds)

    def write(self, step: Write | Delete) -> None:
        """Carry out one write with the API server's rules."""
        match step:
            case Create():
                self._create(step)
            case Apply():
                self._apply(step)
            case Patch():
                self._patch(step)
            case Delete():
                self._delete(step)
        self.watch(self)

    def _create(self, step: Create) -> None:
        kind = str(kind_of(step.manifest))
        name = step.manifest["metadata"]["name"]
        if (kind, name) in self.objects:
            raise Conflict(name)
        if step.unless_record and ("ControllerRevision", step.unless_record) in self.objects:
            raise Conflict(name)
        self.writes.append(("create", kind, name))
        self.put(kind, deepcopy(dict(step.manifest)))

    def _apply(self, step: Apply) -> None:
        kind = str(kind_of(step.manifest))
        name = step.manifest["metadata"]["name"]
        known = self.objects.get((kind, name), {"metadata": {}})
        merged = merge(deepcopy(known), step.manifest)
        self.writes.append(("apply", kind, name))
        self.put(kind, merged)

    def _patch(self, step: Patch) -> None:
        known = self.objects.get((step.kind, step.name))
        if known is None or known["metadata"]["resourceVersion"] != step.resource_version:
            raise Conflict(step.name)
        for seen in step.requires:
            found = self.objects.get((seen.kind, seen.name))
            if found is None or (found["metadata"]["uid"], found["metadata"]["generation"]) != (
                seen.uid,
                seen.generation,
            ):
                raise Conflict(seen.name)
        self.writes.append(("patch", step.kind, step.name))
        self.put(step.kind, merge(deepcopy(known), step.body))

    def _delete(self, step: Delete) -> None:
        known = self.objects.get((step.kind, step.name))
        if known is None or known["metadata"]["uid"] != step.uid:
            raise Conflict(step.name)
        if step.resource_version and known["metadata"]["resourceVersion"] != step.resource_version:
            raise Conflict(step.name)
        if step.unless_record and ("ControllerRevision", step.unless_record) in self.objects:
            raise Conflict(step.name)
        self.writes.append(("delete", step.kind, step.name))
        self.drop(step.kind, step.name)

    # The cluster's own controllers

    def play(self) -> None:
        """Job controller and kubelet: new Jobs get a Pod, running Pods end, slots become available."""
        for job in self.of("Job"):
            self._play_job(job)
        for slot in self.of("AppsDeployment"):
            self._play_slot(slot)

    def _play_job(self, job: Raw) -> None:
        name = job["metadata"]["name"]
        if job.get("status", {}).get("conditions") or job["spec"].get("suspend"):
            return
        pod = self.objects.get(("Pod", f"{name}-pod"))
        if pod is None:
            self.put("Pod", self._pod(job))
            return
        self._end_pod(job, pod)

    def _pod(self, job: Raw) -> Raw:
        template = job["spec"]["template"]
        name = job["metadata"]["name"]
        reference = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "controller": True}
        running = {"name": "stage", "state": {"running": {"startedAt": self.stamp()}}}
        return {
            "metadata": deepcopy(template["metadata"])
            | {
                "name": f"{name}-pod",
                "namespace": NAMESPACE,
                "ownerReferences": [reference | {"uid": job["metadata"]["uid"]}],
            },
            "spec": {},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "PodScheduled", "status": "True"}],
                "containerStatuses": [running],
            },
        }

    def _end_pod(self, job: Raw, pod: Raw) -> None:
        annotation = job["spec"]["template"]["metadata"]["annotations"]["sluice.dev/request"]
        envelope = Envelope.parse(json.loads(annotation))
        code, result, reason = self.answer(envelope)
        failure = ReportFailure(reason=reason, message=f"{envelope.stage}: {reason}") if reason else None
        report = Report(
            stage=envelope.stage,
            request_hash=envelope.request_hash,
            folder=f"{envelope.stage}/{envelope.request_hash}/x",
            failure=failure,
            result=result,
            started_at=self.stamp(),
            finished_at=self.stamp(),
        )
        ended = {
            "exitCode": code,
            "reason": "Completed" if code == ExitCode.DONE else "Error",
            "message": json.dumps(report.dump()),
            "startedAt": self.stamp(),
            "finishedAt": self.stamp(self.now + timedelta(seconds=1)),
        }
        changed = deepcopy(pod)
        changed["status"]["phase"] = "Succeeded" if code == 0 else "Failed"
        changed["status"]["containerStatuses"] = [{"name": "stage", "state": {"terminated": ended}}]
        self.put("Pod", changed)
        condition = {"type": "Complete" if code == 0 else "Failed", "status": "True", "reason": "Ended"}
        finished = condition | {"lastTransitionTime": self.stamp()}
        self.put("Job", job | {"status": {"conditions": [finished], "startTime": self.stamp()}})

    def _play_slot(self, slot: Raw) -> None:
        broken = slot["metadata"].get("annotations", {}).get("test/broken") == "true"
        status = "False" if broken else "True"
        known = slot.get("status", {}).get("conditions", [{}])[0]
        if known.get("status") == status:
            return
        condition = {"type": "Available", "status": status, "lastTransitionTime": self.stamp()}
        replicas = slot["spec"]["replicas"]
        available = 0 if broken else replicas
        self.put(
            "AppsDeployment", slot | {"status": {"conditions": [condition], "availableReplicas": available}}
        )


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return deepcopy(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result
