"""What of a Pod's status counts: the container that speaks for it, its waiting, its end.

The container that speaks is the first that ended badly, init containers first; else the main one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sluice_operator import raw

_Json = Mapping[str, Any]
STAGE_CONTAINER = "stage"
"""Container of a stage's Pod that runs the stage."""
_PREPARING = frozenset({"", "PodInitializing", "ContainerCreating"})
"""Waiting reasons of a Pod that is well."""


def pod_fields(data: object) -> dict[str, Any]:
    """Fields of a PodView that come from spec and status."""
    init = list(raw.items(data, "status", "initContainerStatuses"))
    main = list(raw.items(data, "status", "containerStatuses"))
    containers = [*init, *main]
    ended = _speaker_end(containers, main)
    waiting = _waiting(containers)
    return {
        "phase": raw.text(data, "status", "phase"),
        "scheduled": raw.holds(data, "PodScheduled"),
        "scheduled_at": _scheduled_at(data),
        "schedule_message": _schedule_message(data),
        "waiting_reason": raw.text(waiting, "reason"),
        "waiting_message": raw.text(waiting, "message"),
        "exit_code": _exit_code(ended),
        "terminated_reason": raw.text(ended, "reason"),
        "termination_message": raw.text(ended, "message"),
        "started_at": _started_at(containers),
        "finished_at": raw.time(ended, "finishedAt"),
        "disrupted": raw.holds(data, "DisruptionTarget"),
        "ready": raw.holds(data, "Ready"),
    }


def _speaker_end(containers: Sequence[_Json], main: Sequence[_Json]) -> _Json:
    ends = (_end(container) for container in containers)
    bad = next((end for end in ends if raw.integer(end, "exitCode") != 0), None)
    return bad if bad is not None else _end(_main(main))


def _main(containers: Sequence[_Json]) -> _Json:
    """The stage's own container, which need not be the first of the status; else the first."""
    named = (c for c in containers if c.get("name") == STAGE_CONTAINER)
    return next(named, containers[0] if containers else {})


def _end(container: _Json) -> _Json:
    """How a container ended; while it waits to be started again, how it ended last."""
    state = raw.mapping(container, "state")
    if "waiting" in state:
        return raw.mapping(container, "lastState", "terminated")
    return raw.mapping(state, "terminated")


def _exit_code(ended: _Json) -> int | None:
    # A missing code is not 0: absence is never success.
    code = ended.get("exitCode")
    return code if isinstance(code, int) else None


def _waiting(containers: Sequence[_Json]) -> _Json:
    found = [raw.mapping(c, "state", "waiting") for c in containers]
    waiting = [w for w in found if w]
    in_trouble = (w for w in waiting if raw.text(w, "reason") not in _PREPARING)
    return next(in_trouble, waiting[0] if waiting else {})


def _started_at(containers: Sequence[_Json]) -> Any:
    """When the first container began to run: what the Pod holds, it holds from then on."""
    starts = (
        raw.time(container, "state", state, "startedAt")
        for container in containers
        for state in ("terminated", "running")
    )
    return min((s for s in starts if s), default=None)


def _schedule_message(data: object) -> str:
    scheduled = raw.condition(data, "PodScheduled")
    return raw.text(scheduled, "message") if scheduled.get("status") == "False" else ""


def _scheduled_at(data: object) -> Any:
    scheduled = raw.condition(data, "PodScheduled")
    return raw.time(scheduled, "lastTransitionTime") if scheduled.get("status") == "True" else None
