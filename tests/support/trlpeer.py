"""TRL's SFT trainer as oracle and peer: the same packs, the same order, the same model, micro batch 1.

Both arms time their steps by wall clock and by the processor time of this process.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from sluice_api.trainingrun import Hyperparameters
from sluice_trainer.data.shards import Pack
from sluice_trainer.training.attention import MASKED
from sluice_trainer.training.learner import Learner, new_optimiser


@dataclass(frozen=True)
class Run:
    """Loss of each step, and what all steps took."""

    losses: list[float]
    seconds: float
    cpu_seconds: float


def own_run(model: PreTrainedModel, hyper: Hyperparameters, steps: Sequence[Sequence[Pack]]) -> Run:
    """Our learner, at a constant learning rate."""
    import torch

    learner = Learner(model, new_optimiser(model, hyper), 1, float(hyper.max_grad_norm), torch.float32)
    wall, cpu = time.perf_counter(), time.process_time()
    outcomes = [learner.step(packs, float(hyper.learning_rate)) for packs in steps]
    taken = time.perf_counter() - wall, time.process_time() - cpu
    return Run([o.loss for o in outcomes if o is not None], *taken)


def trl_run(
    model: PreTrainedModel, hyper: Hyperparameters, steps: Sequence[Sequence[Pack]], work: Path
) -> Run:
    """TRL on the same packs, with its device settings made explicit for a CPU."""
    model.set_attn_implementation(MASKED)
    trainer = _trainer(model, hyper, steps, work)
    wall, cpu = time.perf_counter(), time.process_time()
    trainer.train()
    taken = time.perf_counter() - wall, time.process_time() - cpu
    per_step = len(steps[0])
    parts = trainer.parts
    return Run([sum(parts[i : i + per_step]) for i in range(0, len(parts), per_step)], *taken)


def _trainer(
    model: PreTrainedModel, hyper: Hyperparameters, steps: Sequence[Sequence[Pack]], work: Path
) -> Any:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from support.tinymodel import tiny_tokenizer

    class Recording(SFTTrainer):  # type: ignore[misc]
        """Keeps each micro batch's share of the loss; the log would round it."""

        def training_step(self, *args: Any, **kwargs: Any) -> Any:
            loss = super().training_step(*args, **kwargs)
            self.parts.append(float(loss))
            return loss

    rows = [
        {"input_ids": p.ids.tolist(), "labels": p.labels.tolist(), "seq_lengths": list(p.doc_lengths)}
        for packs in steps
        for p in packs
    ]
    settings = SFTConfig(
        output_dir=str(work),
        max_steps=len(steps),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=len(steps[0]),
        learning_rate=float(hyper.learning_rate),
        lr_scheduler_type="constant",
        weight_decay=float(hyper.weight_decay),
        max_grad_norm=float(hyper.max_grad_norm),
        packing=True,
        packing_strategy="bfd",
        dataset_kwargs={"skip_prepare_dataset": True},
        train_sampling_strategy="sequential",
        max_length=max(len(p.ids) for packs in steps for p in packs),
        bf16=False,
        gradient_checkpointing=False,
        use_cpu=True,
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = Recording(
        model=model, args=settings, train_dataset=Dataset.from_list(rows), processing_class=tiny_tokenizer()
    )
    trainer.parts = []
    return trainer
