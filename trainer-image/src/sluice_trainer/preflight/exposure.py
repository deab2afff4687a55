"""How often the run sees its rows, and whether there are enough of them to learn from."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from sluice_api import reasons
from sluice_api.trainingrun import FEWEST_STEPS, Hyperparameters
from sluice_trainer.preflight.check import Check, advised_against, ok, warned

EPOCHS_WARN: Final = 25
EPOCHS_BLOCK: Final = 60
ROWS_WARN: Final = 300
BATCH_WARN: Final = 8
WARMUP_WARN: Final = 0.1
"""Share of the steps."""
LEARNING_RATE_WARN: Final = 0.003
DUPLICATE_PROMPTS_WARN: Final = 0.10
ANSWER_WORDS_WARN: Final = 6.0
LONG_RUN_PARAMETERS: Final = 1_000_000
LONG_RUN_STEPS: Final = 5000
"""From either size on, too many epochs are advised against instead of warned of."""


@dataclass(frozen=True)
class Exposure:
    """What the run will see."""

    task: str
    rows: int
    duplicate_prompts: int
    answer_words: float
    """Mean words of an answer."""
    packs: int
    hyper: Hyperparameters
    parameters: int

    @property
    def batch_size(self) -> int:
        """Packed sequences per step."""
        return self.hyper.batch_size(self.packs)

    @property
    def total_steps(self) -> int:
        """Optimiser steps; the last one may see fewer sequences, and no sequence is dropped."""
        return self.hyper.max_steps or ceil(self.hyper.epochs * self.packs / self.batch_size)

    @property
    def epochs(self) -> float:
        """Passes over the rows."""
        if self.hyper.max_steps is None:
            return float(self.hyper.epochs)
        return self.hyper.max_steps * self.batch_size / self.packs


def exposure_checks(seen: Exposure) -> list[Check]:
    """All checks of this module."""
    checks = [
        steps(seen),
        warmup(seen),
        epochs(seen),
        rows(seen),
        batch(seen),
        learning_rate(seen),
        duplicate_prompts(seen),
    ]
    return checks if seen.task == "Classification" else [*checks, answer_words(seen)]


def steps(seen: Exposure) -> Check:
    """A run of few steps ends before it has learnt."""
    found = seen.total_steps
    if found >= FEWEST_STEPS:
        return ok("steps", found, FEWEST_STEPS)
    message = f"{found} optimiser steps are few: raise epochs or maxSteps to have {FEWEST_STEPS} or more"
    if seen.hyper.global_batch_size is not None and seen.hyper.max_steps is None:
        message = (
            f"{found} optimiser steps are few: raise epochs or lower globalBatchSize to have {FEWEST_STEPS}"
        )
    return warned("steps", found, FEWEST_STEPS, message)


def warmup(seen: Exposure) -> Check:
    """Most steps should learn at the full rate."""
    found, allowed = seen.hyper.warmup_steps, ceil(seen.total_steps * WARMUP_WARN)
    if found <= allowed:
        return ok("warmup_steps", found, allowed)
    message = f"warmupSteps is {found} of {seen.total_steps} steps; at most {allowed}, a tenth, are better"
    if found >= seen.total_steps:
        message = f"warmupSteps is {found}, the run has {seen.total_steps}: it never learns at its full rate"
    return warned("warmup_steps", found, allowed, message)


def epochs(seen: Exposure) -> Check:
    """Rows that are seen too often are learnt by heart."""
    found = round(seen.epochs, 2)
    long_run = seen.parameters >= LONG_RUN_PARAMETERS or seen.total_steps >= LONG_RUN_STEPS
    told = f"the run passes over its rows {found} times"
    if found > EPOCHS_BLOCK and long_run:
        message = f"{told}, at most {EPOCHS_BLOCK} are allowed: lower epochs or maxSteps, or add rows"
        return advised_against("epochs", found, EPOCHS_BLOCK, reasons.EXPOSURE_TOO_HIGH, message)
    if found > EPOCHS_WARN:
        return warned(
            "epochs", found, EPOCHS_WARN, f"{told}, more than {EPOCHS_WARN}: it may learn them by heart"
        )
    return ok("epochs", found, EPOCHS_WARN)


def rows(seen: Exposure) -> Check:
    """Few rows teach little."""
    if seen.rows >= ROWS_WARN:
        return ok("rows", seen.rows, ROWS_WARN)
    message = f"{seen.rows} rows to train on; at least {ROWS_WARN} are better"
    return warned("rows", seen.rows, ROWS_WARN, message)


def batch(seen: Exposure) -> Check:
    """Small batches give noisy steps; one that was chosen for want of rows is no mistake to be warned of."""
    found = seen.batch_size
    if found >= BATCH_WARN or seen.hyper.global_batch_size is None:
        return ok("global_batch_size", found, BATCH_WARN)
    message = f"globalBatchSize is {found}; steps below {BATCH_WARN} sequences are noisy"
    return warned("global_batch_size", found, BATCH_WARN, message)


def learning_rate(seen: Exposure) -> Check:
    """High learning rates spoil what the base model knows."""
    found = float(seen.hyper.learning_rate)
    if found <= LEARNING_RATE_WARN:
        return ok("learning_rate", found, LEARNING_RATE_WARN)
    message = f"learningRate is {found:g}; above {LEARNING_RATE_WARN:g} training often diverges"
    return warned("learning_rate", found, LEARNING_RATE_WARN, message)


def duplicate_prompts(seen: Exposure) -> Check:
    """Equal prompts with different answers pull in different directions."""
    share = seen.duplicate_prompts / seen.rows
    if share <= DUPLICATE_PROMPTS_WARN:
        return ok("duplicate_prompts", round(share, 4), DUPLICATE_PROMPTS_WARN)
    message = f"{share:.0%} of the rows repeat the prompt of another row with another answer"
    return warned("duplicate_prompts", round(share, 4), DUPLICATE_PROMPTS_WARN, message)


def answer_words(seen: Exposure) -> Check:
    """Very short answers teach a chat model to be curt."""
    found = round(seen.answer_words, 2)
    if found >= ANSWER_WORDS_WARN:
        return ok("answer_words", found, ANSWER_WORDS_WARN)
    message = f"answers have {found} words on average; below {ANSWER_WORDS_WARN:g} a chat model gets curt"
    return warned("answer_words", found, ANSWER_WORDS_WARN, message)
