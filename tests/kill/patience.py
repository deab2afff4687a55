"""The API server as a person meets it who tries again: stories go on through its outages."""

import http.client
import time
from typing import Any

from support.kubeapi import Answer, KubeApi

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.3


class PatientApi(KubeApi):
    """Tries again while nobody answers, or the answer is `later`."""

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, content: str = "application/json"
    ) -> Answer:
        ends = time.monotonic() + PATIENCE_SECONDS
        tries = 0
        while True:
            tries += 1
            try:
                answer = super().call(method, path, body, content)
            except (OSError, http.client.HTTPException):
                if time.monotonic() > ends:
                    raise
            else:
                if answer.code not in (429, 500, 503, 504) or time.monotonic() > ends:
                    return _as_asked(answer, method, tries)
            time.sleep(PAUSE_SECONDS)


def _as_asked(answer: Answer, method: str, tries: int) -> Answer:
    """A creation that is there already, or a deletion of what is gone, was done by an earlier try."""
    if tries > 1 and (method, answer.code) in (("POST", 409), ("DELETE", 404)):
        return Answer(200, answer.body)
    return answer
