"""Train on token shards: resume, train, validate, leave weights.

The lock per fingerprint is taken before anything is loaded. A run of the same fingerprint that is already
trained is found by its last checkpoint, so nothing is trained twice.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.manifests import FileManifest
from sluice_api.contracts.reports import TrainResult
from sluice_api.contracts.requests import TrainRequest
from sluice_api.errors import InputWrong, StageError
from sluice_store.files import fetch_folder, upload_folder
from sluice_trainer.chat.tokenspec import tokenizer_digest
from sluice_trainer.context import Context, Output
from sluice_trainer.data.shards import ShardReader
from sluice_trainer.lock import FingerprintLock
from sluice_trainer.models.folder import fetch_model, inspect_folder
from sluice_trainer.preflight.check import refuse_blocked
from sluice_trainer.preflight.memory import fits_memory, memory_needed
from sluice_trainer.preflight.modelfacts import ModelFacts
from sluice_trainer.report.steplog import StepLog
from sluice_trainer.training.checkpoints import Checkpoints
from sluice_trainer.training.course import Course, open_course
from sluice_trainer.training.device import free_memory_bytes, open_device, peak_memory_bytes
from sluice_trainer.training.ending import ending_now, saved_at
from sluice_trainer.training.loop import Loop
from sluice_trainer.training.state import Counters, load_state
from sluice_trainer.training.validation import validation_loss
from sluice_trainer.training.weights import (
    NUMBERS_NAME,
    STEP_LOG_NAME,
    WeightsDetails,
    metrics,
    save_weights,
)


@dataclass(frozen=True)
class Inputs:
    """What was downloaded, and proven."""

    base: Path
    base_manifest: FileManifest
    tokens: Path
    tokens_manifest: FileManifest


@dataclass(frozen=True)
class Trained:
    """How the training went."""

    resumed_from: int
    counters: Counters
    validation_loss: float | None
    peak_memory_bytes: int


def run(request: TrainRequest, ctx: Context) -> Output:
    """Train, unless another Pod trains the same. Raises DependencyUnavailable(LOCK_HELD) then."""
    lock = FingerprintLock(ctx.store, request.fingerprint, ctx.clock, ctx.stop)
    lock.acquire()
    try:
        inputs = _fetch(request, ctx)
        _refuse_too_large(request, inputs)
        course = open_course(request, inputs.base, inputs.tokens)
        with ctx.interrupts.deferred():
            trained = _train(request, ctx, course, inputs.tokens, partial(ending_now, ctx, lock.lost))
        return _describe(request, ctx, inputs, course, trained)
    finally:
        lock.release()


def _fetch(request: TrainRequest, ctx: Context) -> Inputs:
    base, tokens = ctx.work / "base", ctx.work / "tokens"
    models, model = ctx.open(request.base.uri)
    shards, key = ctx.open(request.tokens.uri)
    return Inputs(
        base,
        fetch_model(models, model, request.base.digest, base),
        tokens,
        fetch_folder(shards, key, request.tokens.digest, tokens),
    )


def _refuse_too_large(request: TrainRequest, inputs: Inputs) -> None:
    """The device itself says what it has, whatever its profile promised.

    Raises InputWrong(DOES_NOT_FIT_MEMORY).
    """
    free = free_memory_bytes(open_device(request.device))
    if free is None:
        return
    shape = ModelFacts(inspect_folder(inputs.base).documents).shape()
    needed = memory_needed(shape, request, _largest_answer(inputs.tokens_manifest.details))
    refuse_blocked([fits_memory(needed, free, request.device, "this GPU")], "Strict")


def _largest_answer(tokens: dict[str, Any]) -> int | None:
    """Most answer tokens of a sequence; None for shards that do not say."""
    found = tokens.get("train", {}).get("largestAnswer")
    return found if isinstance(found, int) else None


def _train(
    request: TrainRequest,
    ctx: Context,
    course: Course,
    tokens: Path,
    ending: Callable[[], StageError | None],
) -> Trained:
    checkpoints = Checkpoints(
        store=ctx.store,
        fingerprint=request.fingerprint,
        attempt=ctx.folder.rpartition("/")[2],
        keep_last=request.checkpoint.keep_last,
        clock=ctx.clock,
        work=ctx.work / "checkpoints",
        stop=ctx.stop,
    )
    found = checkpoints.resume(ctx.work / "resumed")
    start = Counters() if found is None else load_state(ctx.work / "resumed", course.learner)
    log = StepLog(ctx.work / STEP_LOG_NAME)
    log.continue_from(ctx.work / "resumed" / STEP_LOG_NAME, start.step)
    end = Loop(course, request.checkpoint, checkpoints, log, ctx, ending).run(start)
    if end.loss is None:
        raise InputWrong(reasons.NO_ANSWER_TOKENS, f"none of {end.step} steps had a token to learn from")
    ctx.interrupts.checkpoint = end.step
    with saved_at(end.step):
        loss = _validate(course, tokens, ending)
    return Trained(start.step, end, loss, peak_memory_bytes(course.learner.device))


def _validate(course: Course, tokens: Path, ending: Callable[[], StageError | None]) -> float | None:
    """None when the pack has no validation split."""
    try:
        packs = ShardReader(tokens, "validation")
    except FileNotFoundError:
        return None
    return validation_loss(course.learner, packs, ending)


def _describe(
    request: TrainRequest, ctx: Context, inputs: Inputs, course: Course, trained: Trained
) -> Output:
    """Weights under a manifest; beside them, outside it, what depends on the machine."""
    local = ctx.work / "weights"
    save_weights(course.learner.model, local, request.adapter, request.base.digest)
    details = WeightsDetails(
        kind="Adapter" if course.lora else "Full",
        base=request.base.digest,
        tokenizer=tokenizer_digest(inputs.base_manifest),
        fingerprint=request.fingerprint,
        steps=trained.counters.step,
    )
    manifest = upload_folder(ctx.store, local, ctx.folder, details.dump())
    result = TrainResult(
        weights=UriDigest(uri=ctx.folder, digest=manifest.digest),
        steps=trained.counters.step,
        resumed_from=trained.resumed_from,
        metrics=metrics(_numbers(trained, inputs.tokens_manifest.details)),
    )
    ctx.store.write(f"{ctx.folder}/{NUMBERS_NAME}", json.dumps(result.dump(), indent=2).encode())
    if (log := ctx.work / STEP_LOG_NAME).exists():
        ctx.store.upload(log, f"{ctx.folder}/{STEP_LOG_NAME}")
    return Output(result=result, manifest=manifest)


def _numbers(trained: Trained, tokens: dict[str, Any]) -> dict[str, float | None]:
    counters = trained.counters
    return {
        "final_loss": counters.loss,
        "validation_loss": trained.validation_loss,
        "tokens": counters.tokens,
        "answer_tokens": counters.answer_tokens,
        "tokens_per_second": round(counters.tokens / counters.seconds, 1) if counters.seconds > 0 else None,
        "train_seconds": round(counters.seconds, 1),
        "skipped_steps": counters.skipped_steps,
        "skipped_rows": tokens.get("maskedRows"),
        "peak_memory_gib": round(trained.peak_memory_bytes / 2**30, 2),
    }
