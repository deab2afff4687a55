"""evaluate: score one artifact, or one endpoint, on suites, and keep the result of every item.

It knows no criteria and no baseline: a baseline is this same stage on another artifact.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sluice_api.common import UriDigest
from sluice_api.contracts.reports import EvaluateResult
from sluice_api.contracts.requests import ArtifactTarget, EvaluateRequest
from sluice_store.files import upload_folder
from sluice_trainer.context import Context, Output
from sluice_trainer.endpoint import Endpoint
from sluice_trainer.evals.asking import EndpointReplies
from sluice_trainer.evals.lengths import refuse_short_limit
from sluice_trainer.evals.results import file_name, write_items
from sluice_trainer.evals.scoring import Replies, Scored, score
from sluice_trainer.evals.stored import VERSION
from sluice_trainer.evals.suites import Suite, load_suite, settings
from sluice_trainer.evals.tasks import FAMILIES
from sluice_trainer.models.folder import fetch_model

Results = Mapping[str, Scored]
_CALL_SECONDS = 60.0
"""An endpoint's answer that comes later counts as wrong."""


def run(request: EvaluateRequest, ctx: Context) -> Output:
    """Ask every question of every suite and score the replies."""
    suites = [load_suite(suite, ctx) for suite in request.suites]
    with _target(request, suites, ctx) as replies:
        results = {suite.name: score(suite, replies) for suite in suites}
    folder = ctx.work / "results"
    folder.mkdir()
    for name, scored in results.items():
        write_items(folder / file_name(name), scored.items)
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
def _target(request: EvaluateRequest, suites: Sequence[Suite], ctx: Context) -> Iterator[Replies]:
    progress = _Counter(ctx, sum(len(suite.rows) for suite in suites))
    if request.endpoint is not None:
        with Endpoint(request.endpoint.url, _CALL_SECONDS) as endpoint:
            replies = EndpointReplies(endpoint, request.endpoint, progress)
            replies.check_served()
            yield replies
    elif request.artifact is not None:
        yield _artifact(request.artifact, suites, ctx, progress)


def _artifact(target: ArtifactTarget, suites: Sequence[Suite], ctx: Context, progress: _Counter) -> Replies:
    folder = ctx.work / "artifact"
    store, key = ctx.open(target.uri)
    fetch_model(store, key, target.digest, folder)
    # Torch takes seconds to import, which asking an endpoint need not pay.
    from sluice_trainer.evals.engine import ArtifactReplies

    replies = ArtifactReplies(folder, progress, target.template_arguments)
    for suite in suites:
        refuse_short_limit(suite, replies.tokens)
    return replies


def details(digest: str, suites: Sequence[Suite], results: Results) -> dict[str, Any]:
    """What the manifest says beside the files: how each suite was asked, and what it adds up to."""
    return {
        "version": VERSION,
        "target": digest,
        "suites": {suite.name: _suite_details(suite, results[suite.name]) for suite in suites},
    }


def _suite_details(suite: Suite, scored: Scored) -> dict[str, Any]:
    items = scored.items
    return {
        **settings(suite.request),
        "task": suite.details.task,
        "items": len(items),
        "failedCalls": sum(item.failed for item in items),
        "failures": dict(sorted(Counter(item.failure for item in items if item.failure).items())),
        "cutReplies": sum(item.cut for item in items),
        "promptTokens": scored.prompt_tokens,
        "windowTokens": scored.window_tokens,
        **FAMILIES[suite.details.task].summarise(items, suite.details.labels),
    }


def _digest(request: EvaluateRequest) -> str:
    target = request.artifact or request.endpoint
    assert target is not None, "the request's rule asks for exactly one target"
    return target.digest


def _describe(digest: str, results: Results, written: UriDigest) -> EvaluateResult:
    rows = [item for scored in results.values() for item in scored.items]
    return EvaluateResult(
        digest=digest,
        results=written,
        items=len(rows),
        failed_calls=sum(item.failed for item in rows),
        cut_replies=sum(item.cut for item in rows),
        window_tokens=max(scored.window_tokens for scored in results.values()),
    )
