"""Memory of a training step, counted in bytes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sluice_api.sizing import ModelShape, StepShape, step_memory

GIB = 1024**3
SMALL = ModelShape(
    layers=30,
    hidden=576,
    intermediate=1536,
    heads=9,
    key_value_heads=3,
    head_size=64,
    vocabulary=49_152,
    context=8192,
    tied_embeddings=True,
)
SEVEN_BILLION = ModelShape(
    layers=32,
    hidden=4096,
    intermediate=11_008,
    heads=32,
    key_value_heads=32,
    head_size=128,
    vocabulary=32_000,
    context=4096,
    tied_embeddings=False,
)
LORA = StepShape(micro_batch=1, length=1024, compute_bytes=2, adapter_rank=16)
FULL = replace(LORA, adapter_rank=None)


def test_parameters_equal_the_published_counts() -> None:
    assert SMALL.parameters == 134_515_008
    assert SEVEN_BILLION.parameters == 6_738_415_616


def test_P04_seven_billion_weights_do_not_fit_24_gib_but_their_adapter_does() -> None:
    assert step_memory(SEVEN_BILLION, FULL).total > 100 * GIB
    assert step_memory(SEVEN_BILLION, LORA).total < 24 * GIB


@given(batch=st.integers(1, 64), length=st.integers(16, 8192), compute=st.sampled_from([2, 4]))
def test_P04_doubling_batch_or_length_raises_activations_and_logits(
    batch: int, length: int, compute: int
) -> None:
    step = StepShape(batch, length, compute, adapter_rank=16)
    once = step_memory(SMALL, step)
    for doubled in (replace(step, micro_batch=2 * batch), replace(step, length=2 * length)):
        twice = step_memory(SMALL, doubled)
        assert twice.activations >= 2 * once.activations
        assert twice.logits == 2 * once.logits
        assert twice.total > once.total


def test_P04_fewer_key_and_value_heads_need_less() -> None:
    grouped = replace(SEVEN_BILLION, key_value_heads=8)
    assert step_memory(grouped, LORA).activations < step_memory(SEVEN_BILLION, LORA).activations
    assert grouped.parameters < SEVEN_BILLION.parameters


def test_P04_logits_count_only_where_something_is_predicted() -> None:
    few = step_memory(SMALL, replace(LORA, predicting=10))
    assert few.logits == 10 * 49_152 * 10
    assert step_memory(SMALL, replace(LORA, predicting=10**9)) == step_memory(SMALL, LORA)


def test_an_adapter_learns_only_on_its_targets() -> None:
    assert SMALL.adapter_parameters(16) == 4_884_480
    assert SMALL.adapter_parameters(16, ("q_proj", "v_proj")) == 30 * 16 * (576 + 576 + 576 + 192)
    memory = step_memory(SMALL, LORA)
    assert memory.gradients == 4 * 4_884_480
    assert memory.optimizer == 8 * 4_884_480


def test_full_training_in_a_lower_precision_computes_on_a_copy() -> None:
    precise, lowered = (step_memory(SMALL, replace(FULL, compute_bytes=n)).weights for n in (4, 2))
    assert (precise, lowered) == (4 * SMALL.parameters, 6 * SMALL.parameters)
