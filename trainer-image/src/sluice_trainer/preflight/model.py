"""Checks of the base model: can it be loaded without its code, and does it suit the request?"""

from typing import Final

from sluice_api import reasons
from sluice_api.contracts.requests import PrepareRequest
from sluice_trainer.preflight.check import Check, blocked, ok
from sluice_trainer.preflight.modelfacts import INDEX, ModelFacts

ARCHITECTURES: Final = (
    "LlamaForCausalLM",
    "MistralForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen3ForCausalLM",
    "SmolLM3ForCausalLM",
)
"""Models whose shape `sizing` counts and whose packed documents stay apart in training."""
_CODE_KEYS: Final = ("auto_map", "custom_generate", "custom_pipelines")
_HEAD: Final = "lm_head"


def model_checks(facts: ModelFacts, request: PrepareRequest) -> list[Check]:
    """All checks that need only the model's configuration."""
    return [
        no_code(facts),
        architecture(facts),
        not_quantized(facts),
        safetensors(facts),
        sequence_length(facts, request.hyperparameters.sequence_length),
        target_modules(facts, request.adapter.target_modules),
    ]


def no_code(facts: ModelFacts) -> Check:
    """A configuration must not name code, of its own or of ours."""
    found = sorted({f"{path}: {key}" for path, key in facts.all_keys() if _names_code(key)})
    if not found:
        return ok("no_code", 0, 0)
    message = f"the base model's configuration names code to run, which is never done: {', '.join(found)}"
    return blocked("no_code", len(found), 0, reasons.BASE_MODEL_UNSUPPORTED, message)


def _names_code(key: str) -> bool:
    return key in _CODE_KEYS or (key.startswith("_") and key.endswith("_internal"))


def architecture(facts: ModelFacts) -> Check:
    """The model class must be one that was tried."""
    found, allowed = facts.architecture or "none", ", ".join(ARCHITECTURES)
    if found in ARCHITECTURES:
        return ok("architecture", found, allowed)
    message = f"the base model's architecture is {found}; supported are {allowed}"
    return blocked("architecture", found, allowed, reasons.BASE_MODEL_UNSUPPORTED, message)


def not_quantized(facts: ModelFacts) -> Check:
    """Training starts from plain numbers."""
    if "quantization_config" not in facts.config:
        return ok("not_quantized", "plain", "plain")
    message = "the base model is quantized; use the model in float32, bfloat16 or float16"
    return blocked("not_quantized", "quantized", "plain", reasons.BASE_MODEL_UNSUPPORTED, message)


def safetensors(facts: ModelFacts) -> Check:
    """Weights must be there as safetensors, each file that the index names included."""
    index = facts.documents.get(INDEX, {}).get("weight_map", {})
    named = {str(name) for name in index.values()} if isinstance(index, dict) else {INDEX}
    present = {f for f in facts.files if f.endswith(".safetensors")}
    missing = sorted(named - present) if named else ["model.safetensors"] * (not present)
    if not missing:
        return ok("safetensors", len(present), "1 or more")
    message = f"the base model lacks weights in safetensors: {', '.join(missing[:5])}"
    return blocked("safetensors", len(present), "1 or more", reasons.BASE_MODEL_UNSUPPORTED, message)


def sequence_length(facts: ModelFacts, wanted: int) -> Check:
    """No sequence may be longer than the model's positions."""
    if wanted <= facts.context:
        return ok("sequence_length", wanted, facts.context)
    message = f"sequenceLength is {wanted}, the base model has {facts.context} positions; lower it"
    return blocked("sequence_length", wanted, facts.context, reasons.SEQUENCE_TOO_LONG, message)


def target_modules(facts: ModelFacts, wanted: tuple[str, ...]) -> Check:
    """Adapters need linear layers of those names."""
    shape = facts.shape()
    names = [*shape.linears, *([] if shape.tied_embeddings else [_HEAD])]
    missing = [w for w in wanted if w.rpartition(".")[2] not in names]
    found, allowed = ", ".join(wanted) or "all", ", ".join(names)
    if not missing:
        return ok("target_modules", found, allowed)
    message = f"targetModules {', '.join(missing)} are no linear layers of the base model; it has {allowed}"
    return blocked("target_modules", found, allowed, reasons.TARGET_MODULES_NOT_FOUND, message)
