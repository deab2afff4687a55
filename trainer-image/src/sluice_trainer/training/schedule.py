"""Course of the learning rate. A pure function of the step, so nothing about it is ever saved."""

from collections.abc import Callable
from math import cos, pi
from typing import Literal

FLOOR = 0.1
"""Share of the peak at which Cosine and Linear end."""

Schedule = Literal["Cosine", "Linear", "Constant"]

_SHAPES: dict[Schedule, Callable[[float], float]] = {
    "Constant": lambda _: 1.0,
    "Linear": lambda t: 1 - (1 - FLOOR) * t,
    "Cosine": lambda t: FLOOR + (1 - FLOOR) * (1 + cos(pi * t)) / 2,
}
"""Share of the peak at a share `t` of the way from the end of the warm-up to the last step."""


def learning_rate(peak: float, schedule: Schedule, warmup_steps: int, step: int, total_steps: int) -> float:
    """Learning rate of a step, counted from 0.

    Step `warmup_steps - 1`, or step 0 without a warm-up, has the peak; the last step has the floor.
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    top = max(warmup_steps - 1, 0)
    share = (step - top) / (total_steps - 1 - top) if total_steps - 1 > top else 0.0
    return peak * _SHAPES[schedule](share)
