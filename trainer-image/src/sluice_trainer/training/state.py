"""What a resumed attempt needs, as files: weights that learn, optimiser, counters.

Safetensors and JSON only; nothing is pickled. Random numbers follow from seed and step, so none are kept.
Where the files go belongs to `checkpoints.py`.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from sluice_trainer.training.learner import Learner, StepOutcome

WEIGHTS, OPTIMISER, COUNTERS = "weights.safetensors", "optimiser.safetensors", "counters.json"
FORMAT_VERSION = 1
"""Form of these files, told in the counters; absent: 1. Readers leave out what they do not know."""


@dataclass(frozen=True)
class Counters:
    """How far the run is, over all attempts. The step alone decides order of data and learning rate."""

    step: int = 0
    """Steps done."""
    tokens: int = 0
    answer_tokens: int = 0
    skipped_steps: int = 0
    """Steps without any answer token."""
    seconds: float = 0.0
    """Time spent in steps."""
    loss: float | None = None
    """Loss of the last step that learnt."""

    def after(self, outcome: StepOutcome | None, seconds: float) -> "Counters":
        """Counters one step on."""
        return Counters(
            step=self.step + 1,
            tokens=self.tokens + (outcome.tokens if outcome else 0),
            answer_tokens=self.answer_tokens + (outcome.answer_tokens if outcome else 0),
            skipped_steps=self.skipped_steps + (outcome is None),
            seconds=self.seconds + seconds,
            loss=outcome.loss if outcome else self.loss,
        )


def save_state(folder: Path, learner: Learner, counters: Counters) -> None:
    """Write everything into an empty folder."""
    named = _learning(learner)
    save_file({name: p.detach().contiguous() for name, p in named.items()}, folder / WEIGHTS)
    moments = {
        f"{name}/{key}": value.contiguous()
        for name, parameter in named.items()
        for key, value in learner.optimiser.state[parameter].items()
    }
    save_file(moments, folder / OPTIMISER)
    told = {"formatVersion": FORMAT_VERSION, **asdict(counters)}
    (folder / COUNTERS).write_text(json.dumps(told, sort_keys=True), encoding="utf-8")


def load_state(folder: Path, learner: Learner) -> Counters:
    """Put everything back as it was, to the bit."""
    named = _learning(learner)
    weights = load_file(folder / WEIGHTS)
    if weights.keys() != named.keys():
        raise ValueError("the checkpoint holds other weights than the model that is to learn")
    moments = load_file(folder / OPTIMISER)
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(weights[name])
    for place, value in moments.items():
        name, _, key = place.rpartition("/")
        if name not in named:
            continue  # a newer version keeps more
        learner.optimiser.state[named[name]][key] = value.to(learner.device)
    found = json.loads((folder / COUNTERS).read_text(encoding="utf-8"))
    known = {field.name for field in fields(Counters)}
    return Counters(**{name: value for name, value in found.items() if name in known})


def _learning(learner: Learner) -> dict[str, torch.nn.Parameter]:
    return {name: p for name, p in learner.model.named_parameters() if p.requires_grad}
