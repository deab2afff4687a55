"""A client for OpenAI-shaped endpoints: which models there are, and what one of them answers.

Only asking belongs here; what an answer is worth is decided by the stages. Never imports torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from sluice_api.decoding import GREEDY_REQUEST


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
        except (KeyError, TypeError) as error:
            raise BadAnswer(f"{self.url}/models answered without data[].id") from error

    def chat(self, model: str, messages: Sequence[Mapping[str, str]], max_tokens: int) -> Completion:
        """Greedy answer to a conversation."""
        turns = [dict(m) for m in messages]
        asked = {"model": model, "messages": turns, "max_tokens": max_tokens, **GREEDY_REQUEST}
        body = self._call("POST", "chat/completions", asked)
        try:
            return _completion(body)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise BadAnswer(
                f"{self.url}/chat/completions answered without choices[0].message.content"
            ) from error

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.url}/{path}"
        try:
            response = self._client.request(method, url, json=body)
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise EndpointTooSlow(f"{url} did not answer in time: {type(error).__name__}") from error
        except httpx.TransportError as error:
            raise EndpointUnreachable(
                f"{url} did not answer: {type(error).__name__} {error}".strip()
            ) from error
        if response.status_code != httpx.codes.OK:
            raise BadStatus(f"{url} answered HTTP {response.status_code}: {response.text[:200]}")
        try:
            return response.json()
        except ValueError as error:
            raise BadAnswer(f"{url} answered something that is not JSON: {response.text[:200]}") from error


def _completion(body: Mapping[str, Any]) -> Completion:
    choice, usage = body["choices"][0], body.get("usage") or {}
    message = choice["message"]
    content = message["content"]
    tokens = usage.get("prompt_tokens")
    return Completion(
        text=str(content or ""),
        # Engines that split think blocks off tell them under one of two names.
        reasoning=str(message.get("reasoning_content") or message.get("reasoning") or ""),
        cut=choice.get("finish_reason") == "length",
        prompt_tokens=tokens if isinstance(tokens, int) else 0,
    )
