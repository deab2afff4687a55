"""Status on its way to the API server: does it differ, and how does a failed write show in it? Never I/O."""

from collections.abc import Mapping
from typing import Any

from sluice_api import conditions
from sluice_api.base import Timestamp
from sluice_api.conditions import Condition, ConditionStatus
from sluice_api.hashing import content_hash
from sluice_api.reasons import Reason, Retry
from sluice_operator import raw
from sluice_operator.model import Key, Observed, Resource

_MESSAGE_MAX = 1024
Status = Mapping[str, Any]


class StatusBook:
    """Knows which statuses the API server keeps in another form than they were written."""

    def __init__(self) -> None:
        self._kept: dict[Key, tuple[str, str]] = {}

    def differs(self, resource: Resource, wanted: Status) -> bool:
        """Whether writing would change anything."""
        if wanted == resource.status:
            return False
        # A newer or older schema may prune or default a field: writing again would change nothing, for ever.
        return self._kept.get(resource.key) != (content_hash(wanted), content_hash(resource.status))

    def wrote(self, key: Key, wanted: Status, answer: Mapping[str, Any]) -> None:
        """Remember what became of a status."""
        kept = raw.mapping(answer, "status")
        if kept == wanted:
            self._kept.pop(key, None)
        else:
            self._kept[key] = (content_hash(wanted), content_hash(kept))

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._kept.pop(key, None)


def with_failure(status: Status, reason: Reason, message: str, observed: Observed) -> dict[str, Any]:
    """The status with conditions that say that a write failed: stalled if a person must act, else at work."""
    is_stalled = reason.retry is Retry.HUMAN
    wanted = {"Ready": False, "Reconciling": not is_stalled, "Stalled": is_stalled}
    told = [_condition(kind, reason, message, observed, holds=holds) for kind, holds in wanted.items()]
    rest = [Condition.parse_open(c) for c in raw.items(status, "conditions") if c.get("type") not in wanted]
    before = raw.items(observed.me.resource.status, "conditions")
    return {**status, "conditions": [c.dump() for c in conditions.merge(before, [*rest, *told])]}


def _condition(kind: str, reason: Reason, message: str, observed: Observed, *, holds: bool) -> Condition:
    status: ConditionStatus = "True" if holds else "False"
    now: Timestamp = observed.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Condition(
        type=kind,
        status=status,
        observed_generation=observed.me.resource.meta.generation,
        last_transition_time=now,
        reason=reason.camel,
        message=message[:_MESSAGE_MAX],
    )
