"""The table of metrics that suites yield: what each is called, how it is bounded, and which task yields it.

Every metric is a share from 0 to 1. How a score is computed stands with the task family in the trainer; a new
metric is one line here and one function there. A metric is found by its exact name, never by an alias.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from sluice_api.datasetpack import Task


class MetricKind(StrEnum):
    """What kind of number a metric is; it decides the bounds."""

    PROPORTION = "proportion"
    """A share of items that are right or wrong."""
    MEAN = "mean"
    """A mean of scores from 0 to 1."""
    MACRO_F1 = "macro_f1"
    """The mean over classes of their F1."""


@dataclass(frozen=True)
class Metric:
    """One metric."""

    name: str
    task: Task
    kind: MetricKind
    better: Literal["Higher", "Lower"]
    meaning: str


ACCURACY: Final = Metric(
    "accuracy",
    "Classification",
    MetricKind.PROPORTION,
    "Higher",
    "Share of items whose label was found in the reply.",
)
MACRO_F1: Final = Metric(
    "macro_f1",
    "Classification",
    MetricKind.MACRO_F1,
    "Higher",
    "Mean of the F1 of every label that the suite asks for.",
)
UNPARSEABLE_RATE: Final = Metric(
    "unparseable_rate",
    "Classification",
    MetricKind.PROPORTION,
    "Lower",
    "Share of replies that hold no allowed label.",
)
EXACT_MATCH: Final = Metric(
    "exact_match",
    "Chat",
    MetricKind.PROPORTION,
    "Higher",
    "Share of replies that equal the reference, save for white space around them. Both are in Unicode's "
    "composed form (NFC).",
)
NORMALIZED_MATCH: Final = Metric(
    "normalized_match",
    "Chat",
    MetricKind.PROPORTION,
    "Higher",
    "Share of replies that equal the reference, save for case, width, white space, punctuation around words, "
    "and kinds of quotation marks and dashes. Numbers, signs, operators and words count.",
)
SQUAD_EM: Final = Metric(
    "squad_em",
    "Chat",
    MetricKind.PROPORTION,
    "Higher",
    "Share of replies that equal the reference by the rule of SQuAD: without case, ASCII punctuation and "
    "English articles. For English words only: it takes -7 for 7.",
)
SQUAD_F1: Final = Metric(
    "squad_f1",
    "Chat",
    MetricKind.MEAN,
    "Higher",
    "Mean overlap of words between reply and reference by the rule of SQuAD.",
)

METRICS: Final[dict[str, Metric]] = {
    metric.name: metric
    for metric in (
        ACCURACY,
        MACRO_F1,
        UNPARSEABLE_RATE,
        EXACT_MATCH,
        NORMALIZED_MATCH,
        SQUAD_EM,
        SQUAD_F1,
    )
}


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """The metrics that a suite of this task yields."""
    return tuple(metric for metric in METRICS.values() if metric.task == task)
