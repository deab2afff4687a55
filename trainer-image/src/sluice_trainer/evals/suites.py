"""Suites: the rows of an evaluation pack that are asked, the same in every evaluation of the same request."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.requests import SuiteRequest
from sluice_api.datasetpack import Classification
from sluice_api.errors import InputWrong
from sluice_store.files import fetch_folder
from sluice_trainer.context import Context
from sluice_trainer.data.manifest import PackDetails
from sluice_trainer.data.mappers.label_to_classification import classification_prompt
from sluice_trainer.data.rows import Row, read_rows, split_path
from sluice_trainer.data.splitting import EVAL, SplitName


@dataclass(frozen=True)
class Suite:
    """One set of questions."""

    request: SuiteRequest
    details: PackDetails
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """Name that criteria use."""
        return self.request.name


def load_suite(request: SuiteRequest, ctx: Context) -> Suite:
    """Fetch the pack, prove it, and take the rows that are asked."""
    folder = ctx.work / "suites" / request.name
    details = fetch_pack(request.dataset, ctx, folder, (EVAL,))
    if details.purpose != "Evaluation":
        raise InputWrong(
            reasons.REFERENCE_UNUSABLE,
            f"suite {request.name}: its pack has purpose {details.purpose}; give one of purpose Evaluation",
        )
    rows = tuple(read_rows(folder, EVAL))
    if not rows:
        raise InputWrong(reasons.SUITE_EMPTY, f"suite {request.name} has no rows")
    return Suite(request, details, sample(rows, request.max_samples, request.seed))


def fetch_pack(dataset: UriDigest, ctx: Context, folder: Path, splits: Sequence[SplitName]) -> PackDetails:
    """Fetch some splits of a pack, proven by its digest."""
    store, key = ctx.open(dataset.uri)
    paths = [split_path(Path(), split).as_posix() for split in splits]
    manifest = fetch_folder(store, key, dataset.digest, folder, only=paths)
    return PackDetails.parse_stored(manifest.details)


def settings(request: SuiteRequest) -> dict[str, Any]:
    """What must be equal for two evaluations of a suite to be comparable."""
    return {
        "dataset": request.dataset.digest,
        "maxSamples": request.max_samples,
        "seed": request.seed,
        "maxNewTokens": request.generation.max_new_tokens,
    }


def preamble(details: PackDetails) -> str:
    """What stands before the text in every prompt of a classification pack; empty for other tasks."""
    if details.instruction is None:
        return ""
    task = Classification(labels=details.labels, instruction=details.instruction)
    return classification_prompt(task, "")


def sample(rows: Sequence[Row], most: int | None, seed: int) -> tuple[Row, ...]:
    """A seeded sample in the order of the pack; a larger one holds every smaller one of the same seed."""
    if most is None or most >= len(rows):
        return tuple(rows)
    ranked = sorted(range(len(rows)), key=lambda place: _rank(seed, rows[place].id))
    return tuple(rows[place] for place in sorted(ranked[:most]))


def _rank(seed: int, row_id: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{row_id}".encode()).digest()
