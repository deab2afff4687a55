"""What an exception means: exit code, reason and message. A table of facts, without I/O."""

import errno
import sys
from dataclasses import dataclass

from pydantic import ValidationError

from sluice_api import reasons
from sluice_api.base import ApiModel
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import ExitCode
from sluice_api.errors import StageError
from sluice_api.reasons import Reason
from sluice_trainer.interrupts import DeadlineNow, StopNow

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


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
    if isinstance(error, StageError):
        return Ending(
            error.exit_code, error.reason, error.message, error.result, error.checkpoint, error.evidence
        )
    if isinstance(error, StopNow):
        message = "asked to end; nothing was lost, and the stage starts over"
        return Ending(ExitCode.STOPPED_ON_REQUEST, reasons.STOPPED_ON_REQUEST, message)
    if isinstance(error, DeadlineNow):
        message = "the running time of all attempts together is over"
        return Ending(ExitCode.DEADLINE_EXCEEDED, reasons.DEADLINE_EXCEEDED, message)
    if is_out_of_memory(error):
        message = f"{type(error).__name__}: {_first_line(error)}"
        return Ending(ExitCode.OUT_OF_MEMORY, reasons.OUT_OF_MEMORY, message, unexpected=True)
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return Ending(ExitCode.BUG, reasons.WORK_FOLDER_FULL, _first_line(error), unexpected=True)
    message = f"{type(error).__name__}: {_first_line(error)}"
    return Ending(ExitCode.BUG, reasons.STAGE_CRASHED, message, unexpected=True)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the host's or the device's memory was too small. Torch is asked only if it was imported."""
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")
    if isinstance(error, getattr(torch, "OutOfMemoryError", ())):
        return True
    # On CPU, torch has no exception of its own for this.
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)


def _first_line(error: BaseException) -> str:
    """The first line of what it says; a validation error would quote the value, which may be a row."""
    if isinstance(error, ValidationError):
        return f"{error.title} has {error.error_count()} errors"
    return next(iter(str(error).splitlines()), "")
