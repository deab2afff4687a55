"""Dropout that does not depend on how a step is cut into micro batches, nor on where an attempt began.

A mask is drawn for each packed sequence from seed, step and the sequence's place in the step. Dropout inside
a fused kernel or a library function cannot be drawn that way, so a model that has some sees one sequence per
forward pass, from a generator that is seeded for it.
"""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

_ADAPTER = "lora_dropout"


class Draws:
    """Where the random numbers of a forward pass come from."""

    def __init__(self, seed: int = 0) -> None:
        self.one_by_one = False
        """Whether each forward pass may hold only one sequence."""
        self._seed = seed
        self._step = self._first = 0
        self._tokens: Sequence[int] = ()
        self._predicting: Sequence[int] = ()

    def install(self, model: PreTrainedModel) -> None:
        """Let the adapters' dropout draw here, and find out whether the model has dropout of its own."""
        dropouts = {n: m for n, m in model.named_modules() if isinstance(m, nn.Dropout) and m.p > 0}
        adapters = [name for name in dropouts if f".{_ADAPTER}." in f".{name}."]
        for number, name in enumerate(adapters):
            model.set_submodule(name, SequenceDropout(dropouts[name].p, number, self))
        self.one_by_one = len(dropouts) > len(adapters) or _drops(model)

    def begin(self, step: int, first: int, tokens: Sequence[int], predicting: Sequence[int]) -> None:
        """The next pass is over the sequences of a step from place `first` on, of so many tokens each.

        `predicting` counts the tokens of each that an output head sees.
        """
        self._step, self._first, self._tokens, self._predicting = step, first, tokens, predicting
        if self.one_by_one:
            torch.manual_seed(self._key(first))

    def keep(self, rate: float, number: int, values: torch.Tensor) -> torch.Tensor:
        """What dropout `number` keeps of `values` of shape (1, tokens, ...): a mask of that shape."""
        whole = values.shape[1] == sum(self._tokens)
        parts = []
        for place, length in enumerate(self._tokens if whole else self._predicting, self._first):
            chance = torch.Generator(values.device).manual_seed(self._key(place, number))
            part = torch.empty(1, length, *values.shape[2:], dtype=torch.bool, device=values.device)
            parts.append(part.bernoulli_(1 - rate, generator=chance))
        return torch.cat(parts, dim=1)

    def _key(self, *parts: int) -> int:
        words = np.random.SeedSequence([self._seed, self._step, *parts]).generate_state(1, np.uint64)
        return int(words[0] >> np.uint64(1))


class SequenceDropout(nn.Module):
    """Dropout whose masks are drawn per packed sequence."""

    def __init__(self, rate: float, number: int, draws: Draws) -> None:
        super().__init__()
        self.rate = rate
        self._number = number
        self._draws = draws

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Values of shape (1, tokens, ...), some of them 0 while the model learns."""
        if not self.training:
            return values
        return (values * self._draws.keep(self.rate, self._number, values)) / (1 - self.rate)


def _drops(model: PreTrainedModel) -> bool:
    """Whether the configuration names a dropout: not every model has a module for it."""
    config = model.config.get_text_config().to_dict()
    return any("drop" in k and isinstance(v, Real) and float(v) > 0 for k, v in config.items())
