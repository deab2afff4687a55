"""One optimiser step: forward, loss over the step's answer tokens, backward, clip, update.

Files, progress and stopping belong to the loop around it.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch
from torch import nn
from transformers import PreTrainedModel

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_api.trainingrun import Hyperparameters
from sluice_trainer.data.shards import Pack
from sluice_trainer.training.attention import DOCUMENTS
from sluice_trainer.training.batches import Batch, answer_tokens, collate, micro_batches
from sluice_trainer.training.draws import Draws


@dataclass(frozen=True)
class StepOutcome:
    """What one step came to."""

    loss: float
    """Mean over the answer tokens of the whole step."""
    grad_norm: float
    """Global norm before clipping."""
    answer_tokens: int
    tokens: int


@dataclass(frozen=True)
class Learner:
    """A model that learns."""

    model: PreTrainedModel
    optimiser: torch.optim.Optimizer
    micro_batch_size: int
    max_grad_norm: float
    dtype: torch.dtype
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    draws: Draws = field(default_factory=Draws)

    def __post_init__(self) -> None:
        """Dropout draws by sequence, whoever made the model."""
        self.draws.install(self.model)

    def step(self, packs: Sequence[Pack], learning_rate: float, number: int = 0) -> StepOutcome | None:
        """Learn from packs; None, and nothing learnt, when no token of them carries loss.

        `number` is that of the step, counted from 0: dropout follows from it.
        Raises InputWrong(LOSS_NOT_FINITE) before the weights are touched.
        """
        total = answer_tokens(packs)
        if total == 0:
            return None
        loss = self._accumulate(packs, total, number)
        norm = float(nn.utils.clip_grad_norm_(self.parameters(), self.max_grad_norm))
        refuse_not_finite(loss, norm, number)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return StepOutcome(loss, norm, total, sum(len(p.ids) for p in packs))

    def parameters(self) -> list[nn.Parameter]:
        """What learns."""
        return [p for p in self.model.parameters() if p.requires_grad]

    def refuse_broken_weights(self, step: int) -> None:
        """Raises InputWrong(LOSS_NOT_FINITE): a finite gradient can still throw weights out of range."""
        if not torch.stack([p.isfinite().all() for p in self.parameters()]).all():
            message = f"after step {step} some weights are no longer finite; they were not saved"
            raise InputWrong(reasons.LOSS_NOT_FINITE, message)

    def loss_without_learning(self, packs: Sequence[Pack]) -> tuple[float, int]:
        """Sum of the loss over the answer tokens of packs, and their number."""
        self.model.eval()
        try:
            with torch.no_grad():
                found = answer_tokens(packs)
                return (float(self._loss_sum(collate(packs, self.device))) if found else 0.0), found
        finally:
            self.model.train()

    def _accumulate(self, packs: Sequence[Pack], total: int, number: int) -> float:
        """Add up gradients of the step's mean loss; micro batches without an answer are skipped."""
        loss = torch.zeros((), device=self.device)
        first = 0
        for group in micro_batches(packs, 1 if self.draws.one_by_one else self.micro_batch_size):
            answers = [answer_tokens([pack]) for pack in group]
            if any(answers):
                self.draws.begin(number, first, [len(pack.ids) for pack in group], answers)
                part = self._loss_sum(collate(group, self.device)) / total
                part.backward()
                loss += part.detach()
            first += len(group)
        return float(loss)

    def _loss_sum(self, batch: Batch) -> torch.Tensor:
        with self._precision():
            logits = predict(self.model, batch)
        return nn.functional.cross_entropy(logits.float(), batch.targets, reduction="sum")

    def _precision(self) -> AbstractContextManager[None]:
        """Weights of a full fine-tune stay float32 while the arithmetic may be bfloat16."""
        return torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is torch.bfloat16)


def predict(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Logits at the predicting places only: the head is much of the work, and most tokens are prompt."""
    lengths = {"document_lengths": batch.document_lengths}
    output = model(
        input_ids=batch.ids,
        position_ids=batch.positions,
        logits_to_keep=batch.predicting,
        use_cache=False,
        **(lengths if model.config._attn_implementation == DOCUMENTS else {}),
    )
    logits: torch.Tensor = output.logits[0]
    return logits


def new_optimiser(model: PreTrainedModel, hyper: Hyperparameters) -> torch.optim.AdamW:
    """AdamW (arXiv:1711.05101) on what learns. Vectors, which are norms and biases, do not decay."""
    learning = [p for p in model.parameters() if p.requires_grad]
    decay = float(hyper.weight_decay)
    groups = [
        {"params": [p for p in learning if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in learning if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=float(hyper.learning_rate), fused=True)


def refuse_not_finite(loss: float, grad_norm: float, number: int) -> None:
    """Raises InputWrong; in the first step no learning rate has had an effect, so the base is the cause."""
    if torch.isfinite(torch.tensor([loss, grad_norm])).all():
        return
    found = f"loss is {loss} and the gradient's norm {grad_norm}"
    if number == 0:
        told = f"the base model computes no finite numbers: {found} before anything was learnt"
        raise InputWrong(reasons.BASE_MODEL_UNSUPPORTED, told)
    raise InputWrong(reasons.LOSS_NOT_FINITE, f"{found}; the weights were left as they were")
