"""Attempts at a stage over a store in memory: the stage is a function, everything around it is real."""

import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sluice_api.contracts.envelope import Envelope, Report
from sluice_api.contracts.reports import RESULTS
from sluice_api.hashing import digest_of
from sluice_store.base import ObjectStore
from sluice_trainer import stages
from sluice_trainer.attempt import Attempt
from sluice_trainer.context import Context, Output
from sluice_trainer.runtime import load_envelope
from support.memorystore import MemoryStore, stored_folder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = digest_of("made")
FOLDER = {"uri": "x/y", "digest": DIGEST}
COUNTS = {"read": 1, "accepted": 1, "rejected": 0}
ARTIFACT = {
    "sizeBytes": 1,
    "contextLength": 512,
    "dtype": "float32",
    "parameters": 1,
    "completedAt": "2026-01-01T00:00:00Z",
}
REQUESTS: dict[str, dict[str, Any]] = {
    "pack": {"sources": [{"name": "s", "locator": "s3://bucket/x.jsonl", "mapper": "ChatMessages"}]},
    "prepare": {"dataset": FOLDER, "base": {"uri": "models/base"}, "identity": "uid-1"},
    "train": {"fingerprint": "f" * 64, "tokens": FOLDER, "base": FOLDER, "totalSteps": 1},
    "package": {"fingerprint": "f" * 64, "weights": FOLDER, "base": FOLDER, "dataset": FOLDER},
    "evaluate": {
        "artifact": FOLDER,
        "suites": [{"name": "gold", "dataset": FOLDER}],
        "identity": "transition-1 tick-7",
    },
    "judge": {
        "candidate": {"digest": DIGEST, "results": FOLDER},
        "suites": [{"name": "gold", "dataset": FOLDER}],
    },
    "verify": {"url": "http://127.0.0.1:1/v1", "model": "m", "digest": DIGEST, "identity": "slot-1"},
}
"""A request of each stage that leaves evidence."""


def results(stage: str, where: dict[str, str]) -> dict[str, Any]:
    """The result of a stage whose files are in a folder."""
    found: dict[str, dict[str, Any]] = {
        "pack": {"digest": where["digest"], "manifest": where, "rows": COUNTS},
        "prepare": {"fingerprint": "f" * 64, "base": FOLDER, "dataset": FOLDER, "tokens": where},
        "train": {"weights": where, "steps": 1},
        "package": {"artifact": {**ARTIFACT, **where}},
        "evaluate": {"digest": DIGEST, "results": where, "items": 1},
        "judge": {"verdict": "Fail", "reason": "criterion_failed", "message": "m", "evidence": where},
        "verify": {"digest": DIGEST, "prompts": 5, "results": where},
    }
    return found[stage]


class Silent:
    """Nobody is told of progress, and time stands still."""

    def report(self, step: int, total_steps: int, metrics: Any) -> None:
        """Nothing."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Nothing."""


class AttemptBench:
    """Runs attempts; `done` counts how often the work itself was done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = MemoryStore()
        self.done = 0
        self.during: Callable[[], None] = lambda: None
        """What somebody else does while the stage works."""
        self._patch = monkeypatch
        self._pods = 0

    def envelope(self, stage: str, **more: Any) -> Envelope:
        """The request of a stage as the operator sends it."""
        data = {"stage": stage, "namespace": "n", "owner": "o", "request": REQUESTS[stage]}
        return load_envelope(stage, json.dumps(data | {"store": {"root": "file:///x"}} | more))[0]

    def context(self, envelope: Envelope, store: ObjectStore | None = None) -> Context:
        self._pods += 1
        folder = f"{envelope.stage}/{envelope.request_hash}/pod-{self._pods}"
        silent = Silent()
        return Context(envelope, store or self.store, folder, Path("/nowhere"), silent, silent)

    def run(self, envelope: Envelope, *, report_only: bool = False) -> Report:
        """One attempt, as the Pod of a stage makes it."""
        with self._stage(envelope.stage):
            context = self.context(envelope)
            report = Attempt(envelope.typed_request(), context, NOW, report_only).run()
        assert report is not None
        return report

    @contextmanager
    def _stage(self, stage: str) -> Any:
        module = ModuleType(f"bench_{stage}")
        module.run = self._work  # type: ignore[attr-defined]
        with self._patch.context() as patch:
            patch.setitem(sys.modules, module.__name__, module)
            patch.setitem(stages.STAGES, stage, module.__name__)
            yield

    def _work(self, request: Any, ctx: Context) -> Output:
        self.done += 1
        manifest = stored_folder(self.store, ctx.folder, {"result.json": ctx.folder.encode()})
        self.during()
        stage = ctx.envelope.stage
        where = {"uri": ctx.folder, "digest": manifest.digest}
        named = ("artifacts", "f" * 64) if stage == "package" else None
        return Output(RESULTS[stage].parse(results(stage, where)), manifest, named)
