"""What an exception means: exit code, reason and message. A table of facts, without I/O."""

from dataclasses import dataclass

from pydantic import ValidationError

from sluice_api import reasons
from sluice_api.base import ApiModel
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import ExitCode
from sluice_api.errors import DependencyUnavailable, StageError
from sluice_api.reasons import Reason
from sluice_trainer.exhaustion import disk_ran_out, memory_ran_out
from sluice_trainer.interrupts import DeadlineNow, StopNow


@dataclass(frozen=True)
class Ending:
    """How a stage that did not finish ended."""

    code: ExitCode
    reason: Reason
    message: str
    result: ApiModel | None = None
    checkpoint: int | None = None
    """Step of the newest complete checkpoint, if training told it."""
    evidence: UriDigest | None = None
    """What was found before it failed, if it was kept."""
    unexpected: bool = False
    """Nobody foresaw this: the trace belongs in the log."""


def ending_of(error: BaseException) -> Ending:
    """The ending that an exception stands for."""
    if isinstance(error, StopNow):
        message = "asked to end; nothing was lost, and the stage starts over"
        code, reason = ExitCode.STOPPED_ON_REQUEST, reasons.STOPPED_ON_REQUEST
        return Ending(code, reason, message, checkpoint=error.checkpoint)
    if isinstance(error, DeadlineNow):
        message = "the running time of all attempts together is over"
        code, reason = ExitCode.DEADLINE_EXCEEDED, reasons.DEADLINE_EXCEEDED
        return Ending(code, reason, message, checkpoint=error.checkpoint)
    exhausted = None if isinstance(error, DependencyUnavailable) else _exhausted(error)
    if exhausted is not None:
        return exhausted
    if isinstance(error, StageError):
        return Ending(
            error.exit_code, error.reason, error.message, error.result, error.checkpoint, error.evidence
        )
    return Ending(ExitCode.BUG, reasons.STAGE_CRASHED, _told(error), unexpected=True)


def _exhausted(error: BaseException) -> Ending | None:
    """Memory or disk ran out, which a reason given further up only hides."""
    if (cause := disk_ran_out(error)) is not None:
        code, reason = ExitCode.BUG, reasons.WORK_FOLDER_FULL
    elif (cause := memory_ran_out(error)) is not None:
        code, reason = ExitCode.OUT_OF_MEMORY, reasons.OUT_OF_MEMORY
    else:
        return None
    checkpoint = error.checkpoint if isinstance(error, StageError) else None
    return Ending(code, reason, _told(cause), checkpoint=checkpoint, unexpected=True)


def _told(error: BaseException) -> str:
    """Class and first line; a validation error would quote the value, which may be a row."""
    if isinstance(error, ValidationError):
        line = f"{error.title} has {error.error_count()} errors"
    else:
        line = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {line}"
