"""Checks of the base model: does it suit the request? Whether it can be used at all, `models` says."""

from collections.abc import Sequence
from typing import Final

from sluice_api import reasons
from sluice_api.contracts.requests import PrepareRequest
from sluice_trainer.preflight.check import Check, blocked, ok
from sluice_trainer.preflight.modelfacts import ModelFacts

_HEAD: Final = "lm_head"


def model_checks(facts: ModelFacts, request: PrepareRequest) -> list[Check]:
    """All checks that need only the model's configuration."""
    return [
        sequence_length(facts, request.hyperparameters.sequence_length),
        target_modules(facts, request.adapter.target_modules),
    ]


def ignored_keys(ignored: Sequence[str]) -> Check:
    """Keys of the configuration that neither training nor serving will see."""
    return ok("ignored_keys", ", ".join(ignored) or "none", "any")


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
