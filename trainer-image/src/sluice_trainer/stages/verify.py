"""verify: does the slot serve the digest, and does it answer? Only then may traffic switch.

Five fixed prompts, greedy. They prove that the model was loaded and generates; how good it is, is the gate's
question.
"""

import logging
from dataclasses import asdict, dataclass

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.reports import VerifyResult
from sluice_api.contracts.requests import VerifyRequest
from sluice_api.errors import DependencyUnavailable, InputWrong, StageError
from sluice_store.files import upload_folder
from sluice_trainer.context import Clock, Context, Output
from sluice_trainer.endpoint import Endpoint, EndpointError, EndpointUnreachable
from sluice_trainer.jsonfiles import write_json

RESULTS_NAME = "smoke_results.json"
SMOKE_PROMPTS = (
    "Hello! Who are you?",
    "What is two plus three?",
    "Name a colour.",
    "Write one short sentence about water.",
    "Answer with one word: is fire hot or cold?",
)
_MAX_TOKENS = 32
_TRIES = 3
_PAUSE_S = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SmokeRow:
    """One prompt and what came back."""

    prompt: str
    answer: str
    passed: bool
    error: str = ""
    reached: bool = True
    """Whether the call got through at all."""


def run(request: VerifyRequest, ctx: Context) -> Output:
    """Check the served names, send the prompts, keep the answers."""
    with Endpoint(request.url, timeout_s=60) as endpoint:
        _check_served(request, _models(endpoint, ctx.clock))
        rows = [_smoke(endpoint, request.model, prompt, ctx.clock) for prompt in SMOKE_PROMPTS]
    folder = ctx.work / "results"
    folder.mkdir()
    write_json(folder / RESULTS_NAME, [asdict(row) for row in rows])
    manifest = upload_folder(ctx.store, folder, ctx.folder, {"digest": request.digest})
    results = UriDigest(uri=ctx.folder, digest=manifest.digest)
    check_rows(rows, results)
    return Output(VerifyResult(digest=request.digest, prompts=len(rows), results=results), manifest)


def check_rows(rows: list[SmokeRow], evidence: UriDigest) -> None:
    """Raise InputWrong(SMOKE_FAILED) unless every prompt was answered.

    When calls merely did not get through, nothing is known about the model: DependencyUnavailable.
    """
    failed = [row for row in rows if not row.passed]
    if not failed:
        return
    where = f"{evidence.uri}/{RESULTS_NAME}"
    message = f"{len(failed)} of {len(rows)} smoke prompts failed, first: {failed[0].error}; see {where}"
    error: StageError = DependencyUnavailable(reasons.DEPENDENCY_UNAVAILABLE, message)
    if any(row.reached for row in failed):
        error = InputWrong(reasons.SMOKE_FAILED, message)
    error.evidence = evidence
    raise error


def _check_served(request: VerifyRequest, served: tuple[str, ...]) -> None:
    if request.digest not in served:
        names = ", ".join(served) or "nothing"
        raise InputWrong(
            reasons.SERVED_DIGEST_MISMATCH, f"{request.url} serves {names}, expected {request.digest}"
        )


def _models(endpoint: Endpoint, clock: Clock) -> tuple[str, ...]:
    for attempt in range(1, _TRIES + 1):
        try:
            return endpoint.models()
        except EndpointError as error:
            if attempt == _TRIES:
                raise DependencyUnavailable(reasons.DEPENDENCY_UNAVAILABLE, str(error)) from error
            _log.info("the slot does not answer yet: %s", error)
            clock.sleep(_PAUSE_S)
    raise AssertionError("the last try returns or raises")


def _smoke(endpoint: Endpoint, model: str, prompt: str, clock: Clock) -> SmokeRow:
    """Ask once, and once more after a stumble: one lost connection must not end a good candidate."""
    row = _ask(endpoint, model, prompt)
    if not row.passed:
        clock.sleep(_PAUSE_S)
        row = _ask(endpoint, model, prompt)
    return row


def _ask(endpoint: Endpoint, model: str, prompt: str) -> SmokeRow:
    try:
        answer = endpoint.chat(model, [{"role": "user", "content": prompt}], _MAX_TOKENS)
    except EndpointError as error:
        return SmokeRow(prompt, "", False, str(error), reached=not isinstance(error, EndpointUnreachable))
    # A model that thinks aloud may still be at it after so few tokens: it was loaded and generates.
    said = answer.text if answer.text.strip() else answer.reasoning
    answered = bool(said.strip())
    return SmokeRow(prompt, said, answered, "" if answered else "the answer is empty")
