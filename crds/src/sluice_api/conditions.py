"""Conditions as kstatus, `kubectl wait`, Flux, Helm and Argo CD read them.

`merge` keeps `lastTransitionTime` while a status stands. `phase_of` computes the word for people; nothing
reads it back.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from sluice_api.base import ApiModel, Message, Timestamp

ConditionStatus = Literal["True", "False", "Unknown"]


class Condition(ApiModel):
    """One condition in the shape of metav1.Condition."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """Name of the condition."""
    status: ConditionStatus
    """True, False or Unknown."""
    observed_generation: int
    """Generation of the spec that this condition speaks of."""
    last_transition_time: Timestamp
    """When the status last changed."""
    reason: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """CamelCase reason from the list of reasons."""
    message: Message
    """One sentence: what happened and what to do."""


def merge(previous: Iterable[Mapping[str, Any]], wanted: Iterable[Condition]) -> tuple[Condition, ...]:
    """Wanted conditions, each with the old transition time where its status did not change.

    Generation 0 marks the CRD's default status, which nobody observed: its times do not count.
    """
    since = {
        (c.get("type"), c.get("status")): c.get("lastTransitionTime")
        for c in previous
        if c.get("observedGeneration") != 0
    }

    def kept(condition: Condition) -> Condition:
        time = since.get((condition.type, condition.status))
        return condition.model_copy(update={"last_transition_time": time}) if time else condition

    return tuple(sorted(map(kept, wanted), key=lambda c: c.type))


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((c for c in conditions if c.type == kind), None)
