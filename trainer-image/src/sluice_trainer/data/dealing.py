"""Accepted rows dealt out to the files of their splits."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sluice_api.contracts.requests import PackRequest
from sluice_trainer.data.rows import split_path
from sluice_trainer.data.splitting import EVAL, TRAIN, SplitName, split_groups


def deal_rows(request: PackRequest, groups: list[str], accepted: Path, folder: Path) -> dict[SplitName, int]:
    """Write the rows, whose groups are given in their order, below `folder`; rows per split that has any."""
    names = _split_names(request, groups)
    rows: Counter[SplitName] = Counter()
    files: dict[SplitName, BinaryIO] = {}
    try:
        with accepted.open("rb") as lines:
            for line, name in zip(lines, names, strict=True):
                if name not in files:
                    split_path(folder, name).parent.mkdir(parents=True, exist_ok=True)
                    files[name] = split_path(folder, name).open("wb")
                files[name].write(line)
                rows[name] += 1
    finally:
        for file in files.values():
            file.close()
    return dict(rows)


def _split_names(request: PackRequest, groups: list[str]) -> Iterator[SplitName]:
    if request.purpose == "Evaluation":
        return (EVAL for _ in groups)
    held_out = split_groups(set(groups), request.split)
    return (held_out.get(group, TRAIN) for group in groups)
