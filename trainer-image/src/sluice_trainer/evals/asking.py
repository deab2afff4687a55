"""Replies of an OpenAI-shaped endpoint.

A call that fails or comes late is a wrong answer, never a missing one, and says how it failed.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sluice_api import reasons
from sluice_api.contracts.requests import EndpointTarget
from sluice_api.errors import DependencyUnavailable, InputWrong
from sluice_store.workers import waited_for
from sluice_trainer.data.rows import Row
from sluice_trainer.endpoint import (
    BadStatus,
    Completion,
    Endpoint,
    EndpointError,
    EndpointTooSlow,
    EndpointUnreachable,
)
from sluice_trainer.evals.results import NoReply, Reply, Said

_log = logging.getLogger(__name__)
_PARALLEL = 8
_GIVE_UP = 32
"""Calls in vain, before any got through, after which no more are made."""


class EndpointReplies:
    """Asks one endpoint that serves the digest."""

    def __init__(self, endpoint: Endpoint, target: EndpointTarget, progress: Callable[[int], None]) -> None:
        """`progress` hears finished rows."""
        self._endpoint = endpoint
        self._target = target
        self._progress = progress
        self._reached = False
        self._lost: list[str] = []

    def check_served(self) -> None:
        """Raise unless the endpoint's model names hold the digest: another model must not be scored."""
        try:
            served = self._endpoint.models()
        except EndpointError as error:
            raise DependencyUnavailable(reasons.DEPENDENCY_UNAVAILABLE, str(error)) from error
        if self._target.digest not in served:
            raise InputWrong(
                reasons.SERVED_DIGEST_MISMATCH,
                f"{self._target.url} serves {', '.join(served) or 'nothing'}, expected {self._target.digest}",
            )

    def __call__(self, rows: Sequence[Row], max_new_tokens: int) -> list[Reply]:
        """Replies in order, or how each call failed.

        Raises DependencyUnavailable when no call got through at all: then nothing is known about the model.
        """
        with waited_for(ThreadPoolExecutor(_PARALLEL, thread_name_prefix="ask")) as pool:
            replies = list(pool.map(partial(self._ask, max_new_tokens=max_new_tokens), rows))
        if not self._reached:
            raise DependencyUnavailable(
                reasons.DEPENDENCY_UNAVAILABLE, f"{self._target.url}: none of {len(rows)} calls got through"
            )
        return replies

    def _ask(self, row: Row, max_new_tokens: int) -> Reply:
        if not self._reached and len(self._lost) >= _GIVE_UP:
            return NoReply.UNREACHABLE
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in row.prompt]
        reply: Reply
        try:
            reply = _said(self._endpoint.chat(self._target.model, turns, max_new_tokens))
        except EndpointError as error:
            reply = _why(error)
            _log.warning("item %s counts as wrong: %s", row.id, error)
        if reply is NoReply.UNREACHABLE:
            self._lost.append(row.id)
        else:
            self._reached = True
        self._progress(1)
        return reply


def _said(answer: Completion) -> Said:
    return Said(answer.text, answer.reasoning, cut=answer.cut, prompt_tokens=answer.prompt_tokens)


def _why(error: EndpointError) -> NoReply:
    """How a call failed. Whoever takes a call and lets it wait was reached."""
    match error:
        case EndpointTooSlow():
            return NoReply.TOO_SLOW
        case EndpointUnreachable():
            return NoReply.UNREACHABLE
        case BadStatus():
            return NoReply.BAD_STATUS
        case _:
            return NoReply.BAD_ANSWER
