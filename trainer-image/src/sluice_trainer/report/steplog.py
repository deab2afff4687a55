"""The step log: one line per logged training step, for people, `grep` and one regular expression.

Only the format and the file belong here; training decides when to log.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

_NUMBER = r"-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|nan|inf)"
LINE = re.compile(
    r"step=(?P<step>\d+)/(?P<total_steps>\d+)"
    rf" loss=(?P<loss>{_NUMBER})"
    rf" grad_norm=(?P<grad_norm>{_NUMBER})"
    rf" lr=(?P<learning_rate>{_NUMBER})"
    r" answer_tokens=(?P<answer_tokens>\d+)"
    rf" tokens_per_s=(?P<tokens_per_s>{_NUMBER})"
    r" memory_bytes=(?P<memory_bytes>\d+)"
    rf" mfu=(?P<mfu>{_NUMBER}|none)"
)


@dataclass(frozen=True)
class StepRecord:
    """What one logged step has to say."""

    step: int
    total_steps: int
    loss: float
    """Mean loss per answer token of the step."""
    grad_norm: float
    """Global norm before clipping."""
    learning_rate: float
    answer_tokens: int
    """Tokens of the step that carry loss."""
    tokens_per_s: float
    """All tokens of the step, by its wall time."""
    memory_bytes: int
    """Peak memory: of the device, or of the process on CPU."""
    mfu: float | None = None
    """Model FLOPs utilisation from 0 to 1; None where the device's peak is not known."""


def format_line(record: StepRecord) -> str:
    """The line of a step, matched by `LINE`."""
    mfu = "none" if record.mfu is None else f"{record.mfu:.4g}"
    return (
        f"step={record.step}/{record.total_steps} loss={record.loss:.6g} grad_norm={record.grad_norm:.4g}"
        f" lr={record.learning_rate:.6g} answer_tokens={record.answer_tokens}"
        f" tokens_per_s={record.tokens_per_s:.6g} memory_bytes={record.memory_bytes} mfu={mfu}"
    )


def parse_line(line: str) -> StepRecord | None:
    """The step that a line tells of, or None when it is another line."""
    match = LINE.search(line)
    if match is None:
        return None
    found = match.groupdict()
    return StepRecord(
        step=int(found["step"]),
        total_steps=int(found["total_steps"]),
        loss=float(found["loss"]),
        grad_norm=float(found["grad_norm"]),
        learning_rate=float(found["learning_rate"]),
        answer_tokens=int(found["answer_tokens"]),
        tokens_per_s=float(found["tokens_per_s"]),
        memory_bytes=int(found["memory_bytes"]),
        mfu=None if found["mfu"] == "none" else float(found["mfu"]),
    )


class StepLog:
    """Appends lines to a file; each is on disk when `write` returns, so that a crash loses none."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path

    def write(self, record: StepRecord) -> str:
        """Append one step; returns the line, for the log."""
        line = format_line(record)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        return line

    def copy_to(self, path: Path) -> None:
        """Write a copy; nothing when no step was logged."""
        if self.path.exists():
            shutil.copyfile(self.path, path)

    def continue_from(self, path: Path, step: int) -> None:
        """Begin with what an earlier attempt logged up to a step; with nothing when its log is not there."""
        if not path.exists():
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        records = ((line, parse_line(line)) for line in lines)
        kept = [line for line, record in records if record is not None and record.step <= step]
        self.path.write_text("".join(kept), encoding="utf-8")
