"""A client for OpenAI-shaped endpoints: which models there are, and what one of them answers.

Only asking belongs here; what an answer is worth is decided by the stages. Never imports torch.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx

from sluice_api.decoding import GREEDY_REQUEST

_MOST_BYTES: Final = 8 * 2**20
"""Largest answer that is read: far more than the longest reply takes."""
_MOST_TOKENS: Final = 999_999_999
"""Largest number of tokens that is believed."""


class EndpointError(Exception):
    """A call did not yield an answer."""


class EndpointUnreachable(EndpointError):
    """The call did not get through: no connection, or no answer in time."""


class EndpointTooSlow(EndpointUnreachable):
    """Somebody took the call and did not answer in time."""


class BadAnswer(EndpointError):
    """The endpoint answered, but not with what was asked: an HTTP error or another shape."""


class BadStatus(BadAnswer):
    """The endpoint answered with an HTTP error."""


@dataclass(frozen=True)
class Completion:
    """One answer."""

    text: str
    reasoning: str = ""
    """What the engine kept apart as thought."""
    cut: bool = False
    """It ended at `max_tokens`."""
    prompt_tokens: int = 0
    """Tokens of the prompt; 0 when the endpoint does not tell."""


class Endpoint:
    """One endpoint, named by its base URL up to and with `/v1`. Safe to share between threads."""

    def __init__(self, url: str, timeout_s: float = 60.0) -> None:
        self.url = url.rstrip("/")
        # Slots are reached inside the cluster, where a proxy from the environment would only be in the way.
        self._client = httpx.Client(timeout=httpx.Timeout(timeout_s, connect=5.0), trust_env=False)
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def models(self) -> tuple[str, ...]:
        """Names under which the endpoint serves."""
        body = self._call("GET", "models")
        try:
            return tuple(str(model["id"]) for model in body["data"])
        except (LookupError, TypeError) as error:
            raise BadAnswer(f"{self.url}/models answered without data[].id") from error

    def chat(self, model: str, messages: Sequence[Mapping[str, str]], max_tokens: int) -> Completion:
        """Greedy answer to a conversation."""
        turns = [dict(m) for m in messages]
        asked = {"model": model, "messages": turns, "max_tokens": max_tokens, **GREEDY_REQUEST}
        body = self._call("POST", "chat/completions", asked)
        try:
            return _completion(body)
        except (LookupError, TypeError, AttributeError) as error:
            raise BadAnswer(
                f"{self.url}/chat/completions answered without a text in choices[0].message.content"
            ) from error

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.url}/{path}"
        try:
            status, answer = self._exchange(method, url, body)
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise EndpointTooSlow(f"{url} did not answer in time: {type(error).__name__}") from error
        except httpx.TransportError as error:
            raise EndpointUnreachable(
                f"{url} did not answer: {type(error).__name__} {error}".strip()
            ) from error
        # What is left came with an answer, such as a wrong encoding; these three bases hold every exception.
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise BadAnswer(f"{url} answered what cannot be read: {type(error).__name__} {error}") from error
        if status != httpx.codes.OK:
            raise BadStatus(f"{url} answered HTTP {status}: {_start(answer)}")
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(f"{url} answered something that is not JSON: {_start(answer)}") from error

    def _exchange(self, method: str, url: str, body: Mapping[str, Any] | None) -> tuple[int, bytes]:
        """Status and bytes of an answer, which has a limited size and time as a whole."""
        # Escaped to ASCII, since a prompt may hold what UTF-8 cannot say.
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        deadline = time.monotonic() + self._timeout_s
        answer = bytearray()
        with self._client.stream(method, url, content=content, headers=headers) as response:
            for part in response.iter_bytes():
                answer += part
                if len(answer) > _MOST_BYTES:
                    raise BadAnswer(f"{url} answered more than {_MOST_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise EndpointTooSlow(f"{url} did not end its answer within {self._timeout_s:g} s")
        return response.status_code, bytes(answer)


def _start(answer: bytes) -> str:
    return answer[:200].decode("utf-8", "replace")


def _completion(body: Mapping[str, Any]) -> Completion:
    choice, usage = body["choices"][0], body.get("usage")
    message = choice["message"]
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return Completion(
        text=_text(message["content"]),
        # Engines that split think blocks off tell them under one of two names.
        reasoning=_text(message.get("reasoning_content") or message.get("reasoning")),
        cut=choice.get("finish_reason") == "length",
        prompt_tokens=tokens if isinstance(tokens, int) and 0 <= tokens <= _MOST_TOKENS else 0,
    )


def _text(value: Any) -> str:
    """A text; what an engine leaves empty is null. Raises TypeError for anything else."""
    if not isinstance(value, str | None):
        raise TypeError(f"{type(value).__name__} is no text")
    return value or ""
