"""Every preflight threshold, just under and just over."""

from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.contracts.requests import PrepareRequest
from sluice_api.errors import InputWrong
from sluice_api.hashing import digest_of
from sluice_api.reasons import Reason
from sluice_api.trainingrun import Hyperparameters, PreflightMode
from sluice_model.files import CONFIG
from sluice_trainer.preflight import exposure, memory, model, template
from sluice_trainer.preflight.check import Check, blocked, ok, refuse_blocked, warned, warnings
from sluice_trainer.preflight.exposure import Exposure, exposure_checks
from sluice_trainer.preflight.memory import fits_memory, memory_needed
from sluice_trainer.preflight.modelfacts import ModelFacts

CONFIGURATION: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 320,
    "max_position_embeddings": 512,
    "tie_word_embeddings": True,
    "eos_token_id": 2,
}
PASSES: dict[str, Any] = {"max_steps": None}
RATE = {"learning_rate": "3.1e-3"}
STOPS = {"generation_config.json": {"eos_token_id": [2, 7]}}
OK, WARN, BLOCKED = "ok", "warn", "blocked"
MODES: tuple[PreflightMode, ...] = ("Strict", "Open")


def _facts(*, more: dict[str, Any] | None = None, **config: Any) -> ModelFacts:
    return ModelFacts({CONFIG: CONFIGURATION | config, **(more or {})})


def _seen(rows: int = 1000, packs: int = 100, parameters: int = 10**9, **more: Any) -> Exposure:
    hyper = Hyperparameters(**({"max_steps": 10} | more.pop("hyper", {})))
    facts: dict[str, Any] = {"task": "Chat", "duplicate_prompts": 0, "answer_words": 20.0}
    return Exposure(rows=rows, packs=packs, parameters=parameters, hyper=hyper, **(facts | more))


@pytest.mark.parametrize(
    ("check", "under", "over"),
    [
        (exposure.epochs, {"hyper": {"max_steps": 312}}, {"hyper": {"max_steps": 313}}),
        (
            exposure.epochs,
            {"hyper": {"max_steps": None, "epochs": 25}},
            {"hyper": {"max_steps": None, "epochs": 26}},
        ),
        (exposure.steps, {"hyper": {"max_steps": 30}}, {"hyper": {"max_steps": 29}}),
        (
            exposure.steps,
            {"packs": 80, "hyper": {"max_steps": None, "global_batch_size": 8}},
            {"packs": 77, "hyper": {"max_steps": None, "global_batch_size": 8}},
        ),
        (exposure.steps, {"packs": 10, "hyper": PASSES}, {"packs": 9, "hyper": PASSES}),
        (
            exposure.warmup,
            {"hyper": {"max_steps": 60, "warmup_steps": 6}},
            {"hyper": {"max_steps": 60, "warmup_steps": 7}},
        ),
        (exposure.rows, {"rows": 300}, {"rows": 299}),
        (exposure.batch, {"hyper": {"global_batch_size": 8}}, {"hyper": {"global_batch_size": 7}}),
        (
            exposure.learning_rate,
            {"hyper": {"learning_rate": "3e-3"}},
            {"hyper": {"learning_rate": "3.1e-3"}},
        ),
        (exposure.duplicate_prompts, {"duplicate_prompts": 100}, {"duplicate_prompts": 101}),
        (exposure.answer_words, {"answer_words": 6.0}, {"answer_words": 5.9}),
    ],
)
def test_P01_a_warning_starts_just_beyond_its_threshold(
    check: Any, under: dict[str, Any], over: dict[str, Any]
) -> None:
    fine, bad = check(_seen(**under)), check(_seen(**over))
    assert (fine.status, bad.status) == (OK, WARN)
    assert fine.name == bad.name
    assert bad.message
    assert fine.threshold == bad.threshold


@pytest.mark.parametrize(
    ("steps", "parameters", "status"),
    [
        (750, 1_000_000, WARN),
        (751, 1_000_000, BLOCKED),
        (751, 999_999, WARN),
        (5000, 999_999, BLOCKED),
    ],
)
def test_P01_more_than_sixty_epochs_block_a_long_run(steps: int, parameters: int, status: str) -> None:
    check = exposure.epochs(_seen(parameters=parameters, hyper={"max_steps": steps}))
    assert check.status == status
    assert check.reason == (reasons.EXPOSURE_TOO_HIGH if status == BLOCKED else None)


def test_P01_a_classification_may_have_short_answers() -> None:
    names = [c.name for c in exposure_checks(_seen(task="Classification", answer_words=1.0))]
    assert "answer_words" not in names
    assert "answer_words" in [c.name for c in exposure_checks(_seen())]


@pytest.mark.parametrize(
    ("epochs", "max_steps", "batch", "steps"),
    [(1, None, 8, 13), (1, None, None, 34), (3, None, None, 38), (1, 5, None, 5), (8, None, None, 100)],
)
def test_steps_follow_from_epochs_unless_they_are_given(
    epochs: int, max_steps: int | None, batch: int | None, steps: int
) -> None:
    hyper = {"max_steps": max_steps, "epochs": epochs, "global_batch_size": batch}
    assert _seen(hyper=hyper).total_steps == steps


@pytest.mark.parametrize(
    ("sequences", "batch", "steps"), [(2, 1, 6), (20, 2, 30), (79, 7, 34), (80, 8, 30), (10**6, 8, 375_000)]
)
def test_the_usual_batch_shrinks_with_the_pack(sequences: int, batch: int, steps: int) -> None:
    seen = _seen(packs=sequences, hyper=PASSES)
    assert (seen.batch_size, seen.total_steps) == (batch, steps)
    assert exposure.batch(seen).status == OK
    for micro in (1, 4, 16):
        assert Hyperparameters(micro_batch_size=micro).batch_size(sequences) == batch
    assert Hyperparameters(max_steps=5).batch_size(sequences) == 8
    assert Hyperparameters(global_batch_size=32).batch_size(sequences) == 32


def test_a_warm_up_longer_than_the_run_says_so() -> None:
    check = exposure.warmup(_seen(hyper={"max_steps": 60, "warmup_steps": 500}))
    assert (check.status, check.threshold) == (WARN, 6)
    assert "never learns at its full rate" in check.message


@pytest.mark.parametrize(
    ("check", "status", "reason"),
    [
        (model.sequence_length(_facts(), 512), OK, None),
        (model.sequence_length(_facts(), 513), BLOCKED, reasons.SEQUENCE_TOO_LONG),
        (model.target_modules(_facts(), ()), OK, None),
        (model.target_modules(_facts(), ("q_proj", "mlp.up_proj")), OK, None),
        (model.target_modules(_facts(), ("query",)), BLOCKED, reasons.TARGET_MODULES_NOT_FOUND),
        (model.target_modules(_facts(), ("lm_head",)), BLOCKED, reasons.TARGET_MODULES_NOT_FOUND),
        (model.target_modules(_facts(tie_word_embeddings=False), ("lm_head",)), OK, None),
        (template.vocabulary(320, 320), OK, None),
        (template.vocabulary(321, 320), BLOCKED, reasons.BASE_MODEL_UNSUPPORTED),
        (template.timeless("{{ messages }}"), OK, None),
        (template.timeless("{{ strftime_now('%Y') }}"), WARN, None),
        (template.end_of_answer((2,), _facts(), None), OK, None),
        (template.end_of_answer((2, 7), _facts(), None), WARN, None),
        (template.end_of_answer((2, 7), _facts(), 7), OK, None),
        (
            template.end_of_answer((7,), _facts(more=STOPS), None),
            OK,
            None,
        ),
    ],
)
def test_P01_checks_of_model_and_template(check: Check, status: str, reason: Reason | None) -> None:
    assert (check.status, check.reason) == (status, reason)
    assert bool(check.message) == (status != OK)


@pytest.mark.parametrize(
    "config",
    [{"vocab_size": 10**9}, {"num_hidden_layers": -1}, {"hidden_size": "64"}, {"num_attention_heads": True}],
)
def test_a_shape_that_makes_no_sense_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(InputWrong, match=next(iter(config))):
        _facts(**config).shape()


def _request(**more: Any) -> PrepareRequest:
    digest = digest_of("x")
    return PrepareRequest.parse(
        {
            "dataset": {"uri": "packs/x", "digest": digest},
            "base": {"uri": "models/x"},
            "identity": "uid",
            **more,
        }
    )


def test_P01_memory_is_blocked_one_byte_above_what_the_profile_has() -> None:
    needed = memory_needed(_facts().shape(), _request(), 10)
    assert fits_memory(needed, needed.total, "CPU").status == OK
    check = fits_memory(needed, needed.total - 1, "CPU")
    assert (check.status, check.reason) == (BLOCKED, reasons.DOES_NOT_FIT_MEMORY)
    assert "activations" in check.message


@pytest.mark.parametrize(("device", "told"), [("CUDA", "memoryBytes"), ("CPU", "resources.limits.memory")])
def test_a_size_that_nobody_knows_is_warned_of(device: memory.Device, told: str) -> None:
    check = fits_memory(memory_needed(_facts().shape(), _request(), 10), None, device)
    assert check.status == WARN
    assert told in check.message
    assert len(check.message) <= 120, "it is shown whole"


def test_memory_counts_what_the_request_says() -> None:
    shape = _facts().shape()
    lora, full = (memory_needed(shape, _request(adapter={"type": t}), 10) for t in ("LoRA", "None"))
    assert lora.gradients < full.gradients
    cuda = memory_needed(shape, _request(device="CUDA"), 10)
    assert cuda.activations < lora.activations
    dropping = _request(adapter={"dropout": "0.1"})
    assert memory_needed(shape, dropping, 10).activations > lora.activations
    precise = memory_needed(shape, _request(device="CUDA", hyperparameters={"precision": "Float32"}), 10)
    assert precise.activations == lora.activations


def test_P01_all_messages_are_told_and_the_first_blocked_check_gives_the_reason() -> None:
    checks = [
        ok("a", 1, 1),
        warned("b", 2, 1, "careful"),
        blocked("c", 3, 1, reasons.SEQUENCE_TOO_LONG, "too long"),
        blocked("d", 4, 1, reasons.CHAT_TEMPLATE_MISSING, "no template"),
    ]
    for mode in MODES:
        with pytest.raises(InputWrong, match="too long; no template") as caught:
            refuse_blocked(checks, mode)
        assert caught.value.reason == reasons.SEQUENCE_TOO_LONG
    assert warnings(checks[:2]) == ("careful",)
    assert checks[2].report() == {
        "name": "c",
        "status": "blocked",
        "metric": 3,
        "threshold": 1,
        "message": "too long",
        "reason": "sequence_too_long",
    }
    refuse_blocked(checks[:2], "Strict")


def test_P02_strict_blocks_and_open_warns_of_the_same_finding() -> None:
    checks = [warned("a", 2, 1, "careful"), *exposure_checks(_seen(hyper={"max_steps": 800}))]
    found = [c for c in checks if c.overrulable]
    assert [(c.name, c.status, c.reason) for c in found] == [("epochs", BLOCKED, reasons.EXPOSURE_TOO_HIGH)]
    with pytest.raises(InputWrong) as caught:
        refuse_blocked(checks, "Strict")
    refuse_blocked(checks, "Open")
    assert warnings(checks) == (caught.value.message, "careful")
    assert found[0].report()["overrulable"] is True


@pytest.mark.parametrize(
    "hard",
    [
        fits_memory(memory_needed(_facts().shape(), _request(), 10), 1, "CUDA"),
        model.sequence_length(_facts(), 513),
        model.target_modules(_facts(), ("no_such",)),
        template.vocabulary(321, 320),
    ],
    ids=lambda c: c.name,
)
def test_P02_what_cannot_work_blocks_in_both_modes(hard: Check) -> None:
    for mode in MODES:
        with pytest.raises(InputWrong) as caught:
            refuse_blocked([hard], mode)
        assert (caught.value.reason, caught.value.message) == (hard.reason, hard.message)
