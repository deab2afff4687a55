"""The loop around the learner: order, learning rate, step log, progress, checkpoints, orderly ends."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sluice_api.errors import StageError
from sluice_api.trainingrun import Checkpoint
from sluice_trainer.context import Context
from sluice_trainer.data.shards import Pack
from sluice_trainer.report.steplog import StepLog, StepRecord
from sluice_trainer.training.checkpoints import Checkpoints
from sluice_trainer.training.course import Course
from sluice_trainer.training.device import peak_flops, peak_memory_bytes
from sluice_trainer.training.ending import saved_at
from sluice_trainer.training.flops import step_flops
from sluice_trainer.training.learner import StepOutcome
from sluice_trainer.training.schedule import learning_rate
from sluice_trainer.training.state import Counters, save_state
from sluice_trainer.training.weights import STEP_LOG_NAME

_log = logging.getLogger(__name__)


@dataclass
class Loop:
    """One attempt at a course."""

    course: Course
    saving: Checkpoint
    checkpoints: Checkpoints
    log: StepLog
    ctx: Context
    ending: Callable[[], StageError | None]
    """Why this attempt has to end now, if it has to."""

    def run(self, counters: Counters) -> Counters:
        """Train from where the counters stand to the end; the last step is checkpointed too.

        Raises, after saving, the ending that it was told of; and what the learner raises.
        """
        saved_step, saved_time = counters.step, self.ctx.clock.monotonic()
        try:
            while True:
                ending = self.ending()
                if counters.step > saved_step and (
                    ending or self._due(counters.step, saved_step, saved_time)
                ):
                    self._save(counters, saved_step)
                    saved_step, saved_time = counters.step, self.ctx.clock.monotonic()
                if ending:
                    ending.checkpoint = saved_step
                    raise ending
                if counters.step >= self.course.total_steps:
                    return counters
                counters = self._step(counters, saved_step)
        finally:
            self.checkpoints.finish()

    def _step(self, counters: Counters, saved_step: int) -> Counters:
        course, started = self.course, self.ctx.clock.monotonic()
        packs = [course.packs.pack(i) for i in course.order.of_step(counters.step)]
        rate = self._rate(counters.step)
        with saved_at(saved_step):
            outcome = course.learner.step(packs, rate, counters.step)
        seconds = self.ctx.clock.monotonic() - started
        counters = counters.after(outcome, seconds)
        if outcome is None:
            _log.warning("step %d has no answer token and was skipped", counters.step)
        else:
            self._tell(counters.step, packs, outcome, rate, seconds)
        return counters

    def _tell(self, step: int, packs: list[Pack], outcome: StepOutcome, rate: float, seconds: float) -> None:
        device = self.course.learner.device
        record = StepRecord(
            step=step,
            total_steps=self.course.total_steps,
            loss=outcome.loss,
            grad_norm=outcome.grad_norm,
            learning_rate=rate,
            answer_tokens=outcome.answer_tokens,
            tokens_per_s=outcome.tokens / max(seconds, 1e-9),
            memory_bytes=peak_memory_bytes(device),
            mfu=self._utilisation(packs, outcome, seconds),
        )
        _log.info(self.log.write(record))
        self.ctx.progress.report(
            step,
            self.course.total_steps,
            {"loss": record.loss, "learning_rate": rate, "tokens_per_second": record.tokens_per_s},
        )

    def _utilisation(self, packs: list[Pack], outcome: StepOutcome, seconds: float) -> float | None:
        course = self.course
        peak = peak_flops(course.learner.device, course.learner.dtype)
        if peak is None:
            return None
        lengths = [n for pack in packs for n in pack.doc_lengths]
        return (
            step_flops(course.size, lengths, outcome.answer_tokens, course.lora) / max(seconds, 1e-9) / peak
        )

    def _rate(self, step: int) -> float:
        hyper = self.course.hyper
        return learning_rate(
            float(hyper.learning_rate), hyper.schedule, hyper.warmup_steps, step, self.course.total_steps
        )

    def _due(self, step: int, saved_step: int, saved_time: float) -> bool:
        return (
            step >= self.course.total_steps
            or step - saved_step >= self.saving.every_steps
            or self.ctx.clock.monotonic() - saved_time >= self.saving.every_seconds
        )

    def _save(self, counters: Counters, saved_step: int) -> None:
        with saved_at(saved_step):
            self.course.learner.refuse_broken_weights(counters.step)
        self.checkpoints.save(counters.step, partial(self._write, counters=counters))

    def _write(self, folder: Path, counters: Counters) -> None:
        """The log travels with the checkpoint, so that an attempt that is ended loses none of it."""
        save_state(folder, self.course.learner, counters)
        self.log.copy_to(folder / STEP_LOG_NAME)
