"""What a finished training leaves: weights as safetensors, and its numbers.

Merging and bundling belong to `export/`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from transformers import PreTrainedModel

from sluice_api.base import ApiModel, Digest, Hex64
from sluice_api.trainingrun import Adapter, Metric
from sluice_trainer.training.adapter import save_adapter

NUMBERS_NAME, STEP_LOG_NAME = "training.json", "steps.log"
"""Files beside the weights, outside their manifest: times and numbers, for people and cards."""


class WeightsDetails(ApiModel):
    """Details of the manifest of trained weights: what a merge has to check."""

    kind: Literal["Adapter", "Full"]
    base: Digest | None = None
    """Digest of the base model. Weights without it are never merged."""
    tokenizer: Digest | None = None
    """Digest of the base's tokenizer and chat template, on which the token shards rest."""
    fingerprint: Hex64
    steps: int


def save_weights(model: PreTrainedModel, folder: Path, adapter: Adapter, base_digest: str) -> None:
    """Write the adapter, or all weights, into a new folder."""
    folder.mkdir(parents=True)
    if adapter.type == "LoRA":
        save_adapter(model, folder, base_digest)
    else:
        model.save_pretrained(folder)


def decimal(value: float) -> str:
    """A finite number in six digits, as the contracts write it."""
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def metrics(numbers: Mapping[str, float | None]) -> tuple[Metric, ...]:
    """Numbers of a report; what is not known is left out, never made up."""
    return tuple(Metric(name=name, value=decimal(n)) for name, n in numbers.items() if n is not None)
