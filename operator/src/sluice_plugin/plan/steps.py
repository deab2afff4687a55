"""What the writes and the status of one pass mean to a person: steps. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any, Literal

from sluice_api import meta, reasons
from sluice_api.reasons import BY_CAMEL, Reason, Retry, Severity
from sluice_operator import raw
from sluice_operator.facts.run import run_facts
from sluice_operator.kinds import kind_of
from sluice_operator.model import Create, Delete, Observed, Plan, Write
from sluice_plugin.plan.assume import ROWS

Action = Literal["wait", "job", "slot", "remove", "verdict", "traffic", "ready", "stalled", "held"]
_TO_COME = frozenset(r.camel for r in (reasons.REFERENCE_NOT_FOUND, reasons.GATE_MISSING))
_DIGEST = re.compile(r"sha256:[0-9a-f]{12,64}")


@dataclass(frozen=True)
class Step:
    """One thing that would happen to, or because of, one object."""

    action: Action
    text: str
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)
    times: int = 1

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def steps_of(observed: Observed, plan: Plan) -> Iterator[Step]:
    """The steps of one pass."""
    for delete in plan.delete:
        yield from _deletion(delete)
    for write in plan.apply:
        yield from _write(observed, write)
    if not plan.apply:
        yield from _waiting(plan)


def outcome(status: Mapping[str, Any]) -> Step:
    """How an object stands in the end."""
    found = {"status": status}
    ready, stalled = raw.condition(found, "Ready"), raw.condition(found, "Stalled")
    if raw.text(stalled, "status") == "True":
        # An object that may still be applied fails no plan.
        return _told("wait" if raw.text(stalled, "reason") in _TO_COME else "stalled", stalled)
    moving = raw.condition(found, "Progressing")
    if raw.text(ready, "status") == "True" and raw.text(moving, "status") == "False" and _holds(moving):
        return _told("held", moving)
    return _told("ready" if raw.text(ready, "status") == "True" else "wait", ready)


def redact(text: str, known: frozenset[str]) -> str:
    """A text without the digests and counts that exist in the forecast only."""
    told = _DIGEST.sub(lambda m: m[0] if m[0][:19] in known else "a new digest", text)
    return told.replace(f"{ROWS} rows", "rows")


def _deletion(delete: Delete) -> Iterator[Step]:
    if delete.kind == "AppsDeployment":
        yield Step("remove", f"slot {delete.name} goes: {delete.why}")


def _write(observed: Observed, write: Write) -> Iterator[Step]:
    if not isinstance(write, Create):
        return
    kind, manifest = kind_of(write.manifest), write.manifest
    if kind == "Job":
        yield _job(observed, manifest)
    elif kind == "AppsDeployment":
        yield _slot(observed, manifest)
    elif kind == "ControllerRevision":
        yield from _record(observed, raw.mapping(manifest, "data"))


def _job(observed: Observed, manifest: Mapping[str, Any]) -> Step:
    stage = raw.text(manifest, "metadata", "labels", meta.LABEL_STAGE)
    profile = raw.text(observed.me.resource.spec, "profile") or "default"
    container = next(raw.items(manifest, "spec", "template", "spec", "containers"), {})
    details = {"stage": stage, "profile": profile, **_runs(container)}
    return Step("job", f"{stage}: a Job on profile {profile}; {_words(details)}", details)


def _slot(observed: Observed, manifest: Mapping[str, Any]) -> Step:
    profile = raw.text(observed.me.resource.spec, "serving", "profile") or "default"
    container = next(raw.items(manifest, "spec", "template", "spec", "containers"), {})
    replicas = raw.integer(manifest, "spec", "replicas")
    details = {"replicas": replicas, "profile": profile, **_runs(container)}
    return Step(
        "slot", f"a slot of {replicas} x Pod on serving profile {profile}; {_words(details)}", details
    )


def _runs(container: Mapping[str, Any]) -> dict[str, Any]:
    resources = raw.mapping(container, "resources")
    return {
        "image": raw.text(container, "image"),
        "requests": raw.strings(resources, "requests"),
        "limits": raw.strings(resources, "limits"),
    }


def _words(details: Mapping[str, Any]) -> str:
    asked = ", ".join(f"{k} {v}" for k, v in details["requests"].items()) or "nothing"
    most = ", ".join(f"{k} {v}" for k, v in details["limits"].items()) or "unlimited"
    return f"asks for {asked}, at most {most}; image {details['image']}"


def _record(observed: Observed, data: Mapping[str, Any]) -> Iterator[Step]:
    if data.get("record") == "verdict":
        yield Step("verdict", f"run {raw.text(data, 'run')} is judged; the forecast goes on as if it passed")
    elif data.get("record") == "audit" and data.get("phase") not in ("intended", "abandoned"):
        run = _run_of(observed, raw.text(data, "digest"))
        yield Step("traffic", f"{raw.text(data, 'message')}{f'; it comes from run {run}' if run else ''}")


def _run_of(observed: Observed, digest: str) -> str:
    """The run that made, or adopted, an artifact."""
    named = (facts for related in observed.world.values() if (facts := run_facts(related)) is not None)
    selected = (run for runs in observed.finished.values() for run in runs.made(digest))
    return next((run.name for run in chain(named, selected) if run.artifact.digest == digest), "")


def _waiting(plan: Plan) -> Iterator[Step]:
    """Waiting for something that lies outside of the object itself."""
    ready = raw.condition({"status": plan.status or {}}, "Ready")
    reason = BY_CAMEL.get(raw.text(ready, "reason"))
    if raw.text(ready, "status") == "False" and reason is not None and _is_wait(reason):
        yield Step("wait", _message(ready))


def _is_wait(reason: Reason) -> bool:
    return reason.retry is Retry.BACKOFF and reason.severity is Severity.NORMAL


def _holds(condition: Mapping[str, Any]) -> bool:
    reason = BY_CAMEL.get(raw.text(condition, "reason"))
    return reason is not None and reason.next_step != "Nothing to do."


def _told(action: Action, condition: Mapping[str, Any]) -> Step:
    reason = BY_CAMEL.get(raw.text(condition, "reason"))
    details = {"reason": reason.camel, "nextStep": reason.next_step} if reason else {}
    return Step(action, _message(condition), details)


def _message(condition: Mapping[str, Any]) -> str:
    reason, message = raw.text(condition, "reason"), raw.text(condition, "message")
    return ": ".join(filter(None, (reason, message))) or "the operator has not said anything"
