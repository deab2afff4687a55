"""evaluate: score one artifact, or one endpoint, on suites, and keep the result of every item.

It knows no criteria and no baseline: a baseline is this same stage on another artifact.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sluice_api.common import UriDigest
from sluice_api.contracts.reports import EvaluateResult
from sluice_api.contracts.requests import ArtifactTarget, EvaluateRequest
from sluice_store.files import fetch_folder, upload_folder
from sluice_trainer.context import Context, Output
from sluice_trainer.data.rows import Row
from sluice_trainer.endpoint import Endpoint
from sluice_trainer.evals.asking import EndpointReplies
from sluice_trainer.evals.results import ItemResult, NoReply, Reply, file_name, write_items
from sluice_trainer.evals.suites import Suite, load_suite, settings
from sluice_trainer.evals.tasks import FAMILIES
from sluice_trainer.evals.tasks.family import Family

Replies = Callable[[Sequence[Row], int], list[Reply]]
Results = Mapping[str, Sequence[ItemResult]]
_CALL_SECONDS = 60.0
"""An endpoint's answer that comes later counts as wrong."""


def run(request: EvaluateRequest, ctx: Context) -> Output:
    """Ask every question of every suite and score the replies."""
    suites = [load_suite(suite, ctx) for suite in request.suites]
    with _target(request, ctx, _Counter(ctx, sum(len(suite.rows) for suite in suites))) as replies:
        results = {suite.name: score(suite, replies) for suite in suites}
    folder = ctx.work / "results"
    folder.mkdir()
    for name, items in results.items():
        write_items(folder / file_name(name), items)
    digest = _digest(request)
    manifest = upload_folder(ctx.store, folder, ctx.folder, details(digest, suites, results))
    return Output(_describe(digest, results, UriDigest(uri=ctx.folder, digest=manifest.digest)), manifest)


class _Counter:
    """Adds up finished rows, from any thread, and reports them."""

    def __init__(self, ctx: Context, total: int) -> None:
        self._ctx, self._total, self._done = ctx, total, 0
        self._lock = threading.Lock()

    def __call__(self, rows: int) -> None:
        with self._lock:
            self._done += rows
            self._ctx.progress.report(self._done, self._total, {})


@contextmanager
def _target(request: EvaluateRequest, ctx: Context, progress: _Counter) -> Iterator[Replies]:
    if request.endpoint is not None:
        with Endpoint(request.endpoint.url, _CALL_SECONDS) as endpoint:
            replies = EndpointReplies(endpoint, request.endpoint, progress)
            replies.check_served()
            yield replies
    elif request.artifact is not None:
        yield _artifact(request.artifact, ctx, progress)


def _artifact(target: ArtifactTarget, ctx: Context, progress: _Counter) -> Replies:
    folder = ctx.work / "artifact"
    store, key = ctx.open(target.uri)
    fetch_folder(store, key, target.digest, folder)
    # Torch takes seconds to import, which asking an endpoint need not pay.
    from sluice_trainer.evals.engine import ArtifactReplies

    return ArtifactReplies(folder, progress)


def score(suite: Suite, replies: Replies) -> list[ItemResult]:
    """Ask and score one suite."""
    family = FAMILIES[suite.details.task]
    answers = replies(suite.rows, suite.request.generation.max_new_tokens)
    pairs = zip(suite.rows, answers, strict=True)
    return [_item(family, row, answer, suite.details.labels) for row, answer in pairs]


def _item(family: Family, row: Row, answer: Reply, labels: Sequence[str]) -> ItemResult:
    if isinstance(answer, NoReply):
        return replace(family.score(row, None, labels), failure=answer.value)
    return family.score(row, answer, labels)


def details(digest: str, suites: Sequence[Suite], results: Results) -> dict[str, Any]:
    """What the manifest says beside the files: how each suite was asked, and what it adds up to."""
    return {
        "target": digest,
        "suites": {suite.name: _suite_details(suite, results[suite.name]) for suite in suites},
    }


def _suite_details(suite: Suite, items: Sequence[ItemResult]) -> dict[str, Any]:
    return {
        **settings(suite.request),
        "task": suite.details.task,
        "items": len(items),
        "failedCalls": sum(item.failed for item in items),
        "failures": dict(sorted(Counter(item.failure for item in items if item.failure).items())),
        **FAMILIES[suite.details.task].summarise(items, suite.details.labels),
    }


def _digest(request: EvaluateRequest) -> str:
    target = request.artifact or request.endpoint
    assert target is not None, "the request's rule asks for exactly one target"
    return target.digest


def _describe(digest: str, results: Results, written: UriDigest) -> EvaluateResult:
    rows = [item for items in results.values() for item in items]
    return EvaluateResult(
        digest=digest, results=written, items=len(rows), failed_calls=sum(item.failed for item in rows)
    )
