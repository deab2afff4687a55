"""Result of every item: the rows between evaluate, which writes them, and judge, which reads nothing else."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from sluice_api.datasetpack import Task
from sluice_trainer.jsonfiles import write_lines


class NoReply(Enum):
    """Why there is no reply to an item. Each counts as a wrong answer, never as a missing one."""

    UNREACHABLE = "unreachable"
    """No connection."""
    TOO_SLOW = "too_slow"
    """Connected, and no answer in time."""
    BAD_STATUS = "bad_status"
    """An HTTP error."""
    BAD_ANSWER = "bad_answer"
    """An answer of another shape."""
    NO_ROOM = "no_room"
    """The prompt leaves the model no room to answer."""
    TEMPLATE_REFUSED = "template_refused"
    """The chat template refuses the prompt."""


@dataclass(frozen=True)
class Said:
    """What a target said to one item."""

    text: str
    """The reply without control tokens, think blocks included."""
    reasoning: str = ""
    """What the engine itself kept apart as thought."""
    opened: bool = False
    """The prompt ends inside a think block, so that the reply begins in it."""
    cut: bool = False
    """The reply was cut at the limit of new tokens."""
    prompt_tokens: int = 0
    """Tokens of the prompt; 0 when the target does not tell."""


Reply = Said | NoReply


@dataclass(frozen=True)
class ItemResult:
    """What a target made of one item."""

    id: str
    group: str
    """Items of one group are not independent; an empty group stands alone."""
    reference: str
    prediction: str
    scores: Mapping[str, float]
    label: str | None = None
    """Right label, in classification."""
    predicted_label: str | None = None
    """Label that was found in the reply, in classification; None when there is none."""
    failed: bool = False
    """The call failed or came late; it counts as wrong."""
    failure: str = ""
    """How it failed: a value of `NoReply`."""
    reasoning: str = ""
    """What was thought aloud before the answer; never scored."""
    cut: bool = False
    """The reply was cut at the limit of new tokens."""

    @property
    def unit(self) -> tuple[str, str]:
        """What the item is independent by: its group, or itself."""
        return ("group", self.group) if self.group else ("item", self.id)


@dataclass(frozen=True)
class SuiteResults:
    """All results of one suite."""

    name: str
    task: Task
    items: tuple[ItemResult, ...]
    asked: tuple[str, ...]
    """Ids of the items that count."""
    excluded: int = 0
    """Items that do not count, because the candidate was trained on them."""
    differs: tuple[str, ...] = ()
    """Settings in which the evaluation was another than the one that is asked for."""
    slices: Mapping[str, str] = field(default_factory=dict)
    """Slice of each item that has one."""


def file_name(suite: str) -> str:
    """File of a suite's results."""
    return f"{suite}.jsonl"


def write_items(path: Path, items: Iterable[ItemResult]) -> None:
    """One JSON object a line."""
    write_lines(path, map(_row, items))


def read_items(path: Path) -> tuple[ItemResult, ...]:
    """Rows of a results file; a number may be NaN here, and judging refuses it with a reason."""
    with path.open(encoding="utf-8") as file:
        return tuple(_item(json.loads(line)) for line in file)


def _row(item: ItemResult) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": item.id,
        "group": item.group,
        "reference": item.reference,
        "prediction": item.prediction,
        "scores": dict(item.scores),
        "failed": item.failed,
    }
    if item.failure:
        row["failure"] = item.failure
    if item.reasoning:
        row["reasoning"] = item.reasoning
    if item.cut:
        row["cut"] = True
    if item.label is not None:
        row |= {"label": item.label, "predictedLabel": item.predicted_label}
    return row


def _item(row: Mapping[str, Any]) -> ItemResult:
    """A result, whichever version wrote it."""
    return ItemResult(
        id=row["id"],
        group=row.get("group", ""),
        reference=row.get("reference", ""),
        prediction=row.get("prediction", ""),
        scores={name: _number(score) for name, score in row.get("scores", {}).items()},
        label=row.get("label"),
        predicted_label=row.get("predictedLabel"),
        failed=row.get("failed", False),
        failure=row.get("failure", ""),
        reasoning=row.get("reasoning", ""),
        cut=row.get("cut", False),
    )


def _number(score: Any) -> float:
    """NaN for what is no number: judging refuses it with a reason."""
    return float(score) if isinstance(score, int | float) else math.nan
