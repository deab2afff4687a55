"""Rows of a pack as its files hold them: one canonical JSON object per line.

Writers and readers of packs meet here; what a row says is decided by `mappers`.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sluice_api.hashing import canonical_json
from sluice_trainer.data.mappers.example import ChatMessage, Example


@dataclass(frozen=True)
class Row:
    """One accepted example."""

    id: str
    """Name of the content, the same in every pack; repeats carry their number."""
    group: str
    """Rows of one group never land in two splits."""
    messages: tuple[ChatMessage, ...]
    """The conversation; the last message is the answer."""
    label: str | None
    source: str
    line: int
    slice: str | None = None
    """Part of the population that the row stands for; None when the source names none."""

    @property
    def prompt(self) -> tuple[ChatMessage, ...]:
        """The conversation without its answer."""
        return self.messages[:-1]

    @property
    def answer(self) -> str:
        """The last message."""
        return self.messages[-1]["content"]


def content_key(example: Example) -> bytes:
    """Hash of a conversation: equal for equal content."""
    return hashlib.sha256(canonical_json(list(example.messages))).digest()


def row_id(key: bytes, repeat: int) -> str:
    """Id of a row from its content key and the number of equal rows before it."""
    return key.hex()[:20] if repeat == 0 else f"{key.hex()[:20]}-{repeat + 1}"


def row_line(row: Row) -> bytes:
    """The row as a line of its file."""
    return canonical_json({k: v for k, v in asdict(row).items() if v is not None}) + b"\n"


def split_name(split: str) -> str:
    """Path of a split's file inside a pack."""
    return f"data/{split}.jsonl"


def split_path(folder: Path, split: str) -> Path:
    """File of a split, below the folder of a pack."""
    return folder / split_name(split)


def read_rows(folder: Path, split: str) -> Iterator[Row]:
    """Rows of a split in order; none when the pack has no such split."""
    path = split_path(folder, split)
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            yield _row(json.loads(line))


def _row(data: dict[str, Any]) -> Row:
    messages = tuple(ChatMessage(role=m["role"], content=m["content"]) for m in data["messages"])
    return Row(
        id=data["id"],
        group=data["group"],
        messages=messages,
        label=data.get("label"),
        source=data["source"],
        line=data["line"],
        slice=data.get("slice"),
    )
