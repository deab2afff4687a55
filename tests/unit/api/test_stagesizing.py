"""Memory, disk and time of the stages after prepare."""

from dataclasses import replace

import pytest

from sluice_api.sizing import ModelShape, StepShape, step_memory
from sluice_api.stagesizing import SHARD_BYTES, LaterStage, RunShape, StageNeeds, later_stages

GIB = 1024**3
EIGHT_BILLION = ModelShape(
    layers=32,
    hidden=4096,
    intermediate=14_336,
    heads=32,
    key_value_heads=8,
    head_size=128,
    vocabulary=128_256,
    context=8192,
    tied_embeddings=False,
)


def run(adapter: bool = True, **more: object) -> RunShape:
    step = step_memory(EIGHT_BILLION, StepShape(1, 1024, 2, adapter_rank=16 if adapter else None))
    made = RunShape(
        model=EIGHT_BILLION,
        step=step,
        trained=step.gradients // 4,
        adapter=adapter,
        base_bytes=2 * EIGHT_BILLION.parameters,
        token_bytes=GIB,
        tokens=10**6,
        device="CUDA",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def needs(shape: RunShape, stage: LaterStage) -> StageNeeds:
    return next(need for need in later_stages(shape) if need.stage == stage)


def test_packaging_eight_billion_weights_fits_what_the_shipped_profile_gives() -> None:
    """Loading all of them back in float32 would need twice as much as that."""
    assert EIGHT_BILLION.parameters == pytest.approx(8.03e9, rel=0.001)
    package = needs(run(), "package").memory
    largest = 128_256 * 4096
    assert package > 2 * SHARD_BYTES + 3 * 4 * largest
    assert package < 16 * GIB < 4 * EIGHT_BILLION.parameters


def test_a_small_model_is_not_charged_for_a_whole_file() -> None:
    shape = replace(EIGHT_BILLION, layers=1, hidden=64, intermediate=64, vocabulary=1000)
    small = run(model=shape, base_bytes=2 * shape.parameters)
    assert needs(small, "package").memory < GIB


def test_training_all_weights_passes_them_through_the_pods_memory_in_float32() -> None:
    assert needs(run(), "train").memory == pytest.approx(2 * 8.03e9 + 9e8, rel=0.01)
    assert needs(run(adapter=False), "train").memory == pytest.approx(4 * 8.03e9 + 9e8, rel=0.01)
    on_cpu = run(device="CPU")
    assert needs(on_cpu, "train").memory == on_cpu.step.total


def test_evaluation_on_processors_is_in_float32() -> None:
    assert needs(run(), "evaluate").memory < 20 * GIB
    assert needs(run(device="CPU"), "evaluate").memory > 30 * GIB


def test_disk_holds_what_lies_there_at_once() -> None:
    base = 2 * EIGHT_BILLION.parameters
    lora, full = run(), run(adapter=False)
    assert needs(lora, "train").disk == base + GIB + 28 * lora.trained
    assert needs(full, "train").disk > 7 * 4 * 8.0e9
    assert needs(lora, "package").disk == 2 * base + 4 * lora.trained
    assert needs(lora, "evaluate").disk == base


def test_times_are_lower_bounds_that_grow_with_the_work() -> None:
    once, twice = needs(run(), "train").seconds, needs(run(tokens=2 * 10**6), "train").seconds
    assert once < twice
    assert once < 60
    assert needs(run(tokens=10**12), "train").seconds > 86_400
