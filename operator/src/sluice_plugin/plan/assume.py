"""What a forecast assumes: Jobs end well, candidates pass, slots come up, packs have rows enough.

Everything else follows from the planners. A stage that nobody assumes anything of goes on for ever.
"""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from sluice_api import reasons
from sluice_api.contracts.envelope import Envelope, Report
from sluice_api.contracts.requests import JudgeRequest, LedgerRequest, PrepareRequest
from sluice_api.hashing import digest_of
from sluice_api.identity import fingerprint
from sluice_operator import raw
from sluice_operator.children.jobs import ANNOTATION_REQUEST
from sluice_operator.facts.run import run_facts
from sluice_operator.model import Related
from sluice_plugin.plan.world import World

ROWS = 1_000_000
"""Rows of a pack that is not made yet: enough for every gate that can be passed at all."""
Json = dict[str, Any]


def play(world: World) -> bool:
    """End Jobs and bring slots up; whether anything moved."""
    moved = [_end(world, job) for job in world.of("Job")]
    return any([*moved, *(_bring_up(world, slot) for slot in world.of("AppsDeployment"))])


def _end(world: World, job: Json) -> bool:
    request = raw.text(job, "spec", "template", "metadata", "annotations", ANNOTATION_REQUEST)
    if not request or raw.mapping(job, "spec").get("suspend") or raw.mapping(job, "status").get("conditions"):
        return False
    envelope = Envelope.parse(json.loads(request))
    assumed = _RESULTS.get(envelope.stage)
    if assumed is None:
        return False
    place = f"{envelope.stage}/{envelope.request_hash}/planned"
    report = Report(
        stage=envelope.stage,
        request_hash=envelope.request_hash,
        folder=place,
        result=assumed(envelope, world),
        started_at=world.stamp(),
        finished_at=world.stamp(),
    )
    world.put("Pod", _pod(job, report, world.stamp()))
    condition = {"type": "Complete", "status": "True", "lastTransitionTime": world.stamp()}
    world.put("Job", job | {"status": {"conditions": [condition], "startTime": world.stamp()}})
    return True


def _pod(job: Json, report: Report, now: str) -> Json:
    metadata, spec = (deepcopy(job["spec"]["template"][part]) for part in ("metadata", "spec"))
    name, namespace, uid = (raw.text(job, "metadata", field) for field in ("name", "namespace", "uid"))
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid, "controller": True}
    ended = {"exitCode": 0, "reason": "Completed", "message": json.dumps(report.dump())}
    terminated = {"terminated": ended | {"startedAt": now, "finishedAt": now}}
    return {
        "metadata": metadata
        | {"name": f"{name}-planned", "namespace": namespace, "ownerReferences": [owner]},
        "spec": spec,
        "status": {"phase": "Succeeded", "containerStatuses": [{"name": "stage", "state": terminated}]},
    }


def _bring_up(world: World, slot: Json) -> bool:
    if raw.mapping(slot, "status"):
        return False
    available = {"type": "Available", "status": "True", "lastTransitionTime": world.stamp()}
    replicas = raw.integer(slot, "spec", "replicas")
    world.put("AppsDeployment", slot | {"status": {"conditions": [available], "availableReplicas": replicas}})
    return True


def _written(envelope: Envelope) -> dict[str, str]:
    return {
        "uri": f"{envelope.stage}/{envelope.request_hash}/planned",
        "digest": digest_of(["planned", envelope.stage, envelope.request_hash]),
    }


def _pack(envelope: Envelope, _: World) -> Json:
    split = "eval" if envelope.request.get("purpose") == "Evaluation" else "train"
    place = _written(envelope)
    return {
        "digest": place["digest"],
        "manifest": place,
        "rows": {"read": ROWS, "accepted": ROWS, "rejected": 0},
        "splits": [{"name": split, "rows": ROWS}],
    }


def _prepare(envelope: Envelope, world: World) -> Json:
    """A run with the fingerprint of one that is finished adopts its artifact."""
    request = PrepareRequest.parse(envelope.request)
    keys = world.cache.keys()
    runs = [r for key in keys if key.kind == "TrainingRun" and (r := world.cache.related(key))]
    base = (
        request.base.digest or _known_base(runs, request.base.uri) or digest_of(["planned", request.base.uri])
    )
    identity = fingerprint(request, base)
    known = {
        "fingerprint": identity,
        "base": {"uri": request.base.uri, "digest": base},
        "dataset": request.dataset.dump(),
    }
    for run in runs:
        facts = run_facts(run)
        if facts is not None and facts.fingerprint == identity:
            return known | {"artifact": facts.artifact.dump()}
    return known | {"tokens": _written(envelope), "totalSteps": 1}


def _known_base(runs: list[Related], uri: str) -> str | None:
    """The digest that a base model had when an earlier run resolved it."""
    found = (facts.base for run in runs if (facts := run_facts(run)) is not None)
    return next((base.digest for base in found if base.uri == uri), None)


def _train(envelope: Envelope, _: World) -> Json:
    return {"weights": _written(envelope), "steps": 1}


def _package(envelope: Envelope, world: World) -> Json:
    artifact = {
        "uri": _written(envelope)["uri"],
        "digest": digest_of(["planned", "artifact", envelope.request["fingerprint"]]),
        "sizeBytes": 1,
        "contextLength": 999_999_999,
        "dtype": "float32",
        "parameters": 1,
        "completedAt": world.stamp(),
    }
    return {"artifact": artifact}


def _evaluate(envelope: Envelope, _: World) -> Json:
    target = envelope.request.get("artifact") or envelope.request.get("endpoint") or {}
    return {"digest": target["digest"], "results": _written(envelope), "items": ROWS}


def _judge(envelope: Envelope, _: World) -> Json:
    request = JudgeRequest.parse(envelope.request)
    return {
        "verdict": "Pass",
        "reason": reasons.PASSED.code,
        "message": "assumed by the plan",
        "outcomes": [f"Pass {reasons.PASSED.code} - - - {ROWS} -" for _ in request.criteria],
        "evidence": _written(envelope),
    }


def _verify(envelope: Envelope, _: World) -> Json:
    return {"digest": envelope.request["digest"], "prompts": 1, "results": _written(envelope)}


def _ledger(envelope: Envelope, _: World) -> Json:
    """The archive takes every link, and refuses nothing on behalf of earlier chains."""
    request = LedgerRequest.parse(envelope.request)
    newest = request.records[-1] if request.records else None
    known: Json = {"mode": request.mode, "links": len(request.records)}
    known |= {"identity": request.identity} if request.identity else {}
    if newest is not None:
        return known | {"sequence": newest.sequence, "headHash": newest.hash}
    return known | {"sequence": request.sequence} | ({"headHash": h} if (h := request.head_hash) else {})


_RESULTS: Mapping[str, Callable[[Envelope, World], Json]] = {
    "pack": _pack,
    "prepare": _prepare,
    "train": _train,
    "package": _package,
    "evaluate": _evaluate,
    "judge": _judge,
    "verify": _verify,
    "ledger": _ledger,
}
