"""Learning rate and operations of a step: pure numbers."""

from math import cos, pi

import pytest

from sluice_trainer.training.flops import ModelSize, step_flops
from sluice_trainer.training.schedule import learning_rate

PEAK, STEPS = 2e-4, 101


def rates(schedule, warmup: int = 0) -> list[float]:
    return [learning_rate(PEAK, schedule, warmup, step, STEPS) for step in range(STEPS)]


@pytest.mark.parametrize(
    ("schedule", "middle", "last"),
    [("Cosine", 0.1 + 0.9 * (1 + cos(pi / 2)) / 2, 0.1), ("Linear", 0.55, 0.1), ("Constant", 1.0, 1.0)],
)
def test_T08_rate_at_first_middle_and_last_step(schedule, middle: float, last: float) -> None:
    found = rates(schedule)
    assert (found[0], found[50], found[-1]) == pytest.approx((PEAK, PEAK * middle, PEAK * last))
    assert found == sorted(found, reverse=True)


def test_T08_warm_up_rises_evenly_to_the_peak() -> None:
    found = rates("Cosine", 10)
    assert found[:10] == pytest.approx([PEAK * i / 10 for i in range(1, 11)])
    assert max(found) == found[9] == pytest.approx(PEAK)
    assert found[-1] == pytest.approx(PEAK * 0.1)


@pytest.mark.parametrize(("warmup", "steps"), [(0, 1), (1, 1), (5, 3), (3, 3)])
def test_T08_short_runs_never_divide_by_zero(warmup: int, steps: int) -> None:
    found = [learning_rate(PEAK, "Cosine", warmup, step, steps) for step in range(steps)]
    assert all(0 < rate <= PEAK for rate in found)


LLAMA_8B = ModelSize(
    linear_parameters=32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336),
    head_parameters=128_256 * 4096,
    layers=32,
    attention_width=4096,
)


def test_T19_lora_work_of_a_known_model_at_a_known_rate() -> None:
    per_token = step_flops(LLAMA_8B, [4096], 4096, lora=True) / 4096
    assert per_token * 12_472.87 == pytest.approx(402e12, rel=0.02)


def test_T19_full_fine_tuning_costs_half_more_and_packing_less() -> None:
    full = step_flops(LLAMA_8B, [4096], 4096, lora=False)
    assert full == pytest.approx(1.5 * step_flops(LLAMA_8B, [4096], 4096, lora=True))
    assert step_flops(LLAMA_8B, [1024] * 4, 4096, lora=False) < full
