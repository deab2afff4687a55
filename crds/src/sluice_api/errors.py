"""Exceptions that carry a reason from the one list; the trainer turns them into exit codes and reports."""

from sluice_api.base import ApiModel
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import ExitCode
from sluice_api.reasons import Reason


class StageError(Exception):
    """A stage cannot finish, for a reason that its user or its operator can act on.

    `result` is what is known nevertheless: the counts of a refused pack. Other stages leave it out.
    """

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, reason: Reason, message: str, result: ApiModel | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.result = result
        self.checkpoint: int | None = None
        """Step of the newest complete checkpoint, once training knows it."""
        self.evidence: UriDigest | None = None
        """Folder in the store with what was found before it failed."""


class InputWrong(StageError):
    """The request's input is wrong: the same spec is never tried again."""

    exit_code = ExitCode.INPUT_WRONG


class DependencyUnavailable(StageError):
    """Storage, an endpoint or a lock is not available: tried again without limit."""

    exit_code = ExitCode.DEPENDENCY_UNAVAILABLE


class NothingToReport(StageError):
    """`--report-only` found no finished work."""

    exit_code = ExitCode.NOTHING_TO_REPORT


class OutOfMemory(StageError):
    """The device or the host has too little memory: tried again with smaller micro batches."""

    exit_code = ExitCode.OUT_OF_MEMORY


class DeadlineExceeded(StageError):
    """The run's deadline is over; what was saved is kept."""

    exit_code = ExitCode.DEADLINE_EXCEEDED


class StoppedOnRequest(StageError):
    """SIGTERM arrived and a checkpoint was saved: no failure."""

    exit_code = ExitCode.STOPPED_ON_REQUEST


class StageBug(StageError):
    """Our own fault, with a reason of its own: tried again within the budget."""

    exit_code = ExitCode.BUG
