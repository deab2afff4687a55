"""Replies of an OpenAI-shaped endpoint.

A call that fails or comes late is a wrong answer, never a missing one.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sluice_api import reasons
from sluice_api.contracts.requests import EndpointTarget
from sluice_api.errors import DependencyUnavailable, InputWrong
from sluice_trainer.data.rows import Row
from sluice_trainer.endpoint import Endpoint, EndpointError, EndpointUnreachable

_log = logging.getLogger(__name__)
_PARALLEL = 8


class EndpointReplies:
    """Asks one endpoint that serves the digest."""

    def __init__(self, endpoint: Endpoint, target: EndpointTarget, progress: Callable[[int], None]) -> None:
        """`progress` hears finished rows."""
        self._endpoint = endpoint
        self._target = target
        self._progress = progress
        self._reached = False

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

    def __call__(self, rows: Sequence[Row], max_new_tokens: int) -> list[str | None]:
        """Replies in order; None for a call that failed.

        Raises DependencyUnavailable when no call got through at all: then nothing is known about the model.
        """
        pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="ask")
        try:
            replies = list(pool.map(partial(self._ask, max_new_tokens=max_new_tokens), rows))
        finally:
            pool.shutdown(cancel_futures=True)
        if not self._reached:
            raise DependencyUnavailable(
                reasons.DEPENDENCY_UNAVAILABLE, f"{self._target.url}: none of {len(rows)} calls got through"
            )
        return replies

    def _ask(self, row: Row, max_new_tokens: int) -> str | None:
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in row.prompt]
        try:
            reply = self._endpoint.chat(self._target.model, turns, max_new_tokens)
        except EndpointUnreachable as error:
            return self._counted(row, None, str(error))
        except EndpointError as error:
            self._reached = True
            return self._counted(row, None, str(error))
        self._reached = True
        return self._counted(row, reply)

    def _counted(self, row: Row, reply: str | None, trouble: str = "") -> str | None:
        if reply is None:
            _log.warning("item %s counts as wrong: %s", row.id, trouble)
        self._progress(1)
        return reply
