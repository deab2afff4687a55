"""The one decoding policy: what is judged, verified, watched and served is decoded greedily.

An artifact's own generation settings (sampling, penalties, beams, suppressed tokens, lengths) play no part
anywhere; only its tokens of end hold. Evaluation inside the Pod gives the library a configuration without any
of them; requests and arguments of serving name every setting that an engine could take from the artifact.
"""

from collections.abc import Mapping
from typing import Final

from sluice_api.evalgate import DEFAULT_GENERATION, Generation

GREEDY_REQUEST: Final[Mapping[str, float | int | bool]] = {
    "n": 1,
    "temperature": 0.0,
    "top_p": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "repetition_penalty": 1.0,
    "min_tokens": 0,
    "ignore_eos": False,
    "stream": False,
}
"""Fields of a request to an OpenAI-shaped endpoint that change how an answer is decoded."""

GREEDY_ARGUMENTS: Final = ("--generation-config=vllm", "--override-generation-config.temperature=0")
"""Arguments of serving: defaults that the artifact would set are left out, and who names no temperature gets
greedy answers. A client may ask for another temperature."""
_MOST_BY_DEFAULT: Final = 1024
_MARGIN: Final = 16
"""Tokens for what a right answer may say more than the reference."""

OWN_DECODING: Final = ("--generation-config", "--override-generation-config")
"""Arguments by which the profile, or the spec where the profile allows it, decides about decoding instead."""


def stop_tokens(generation: Mapping[str, object] | None, config: Mapping[str, object]) -> set[int]:
    """Tokens that end an answer by the artifact's files, next to the tokenizer's own.

    As serving reads them: `generation_config.json` decides when there is one, else `config.json`.
    """
    named = (config if generation is None else generation).get("eos_token_id")
    values = named if isinstance(named, list) else [named]
    return {value for value in values if isinstance(value, int) and not isinstance(value, bool)}


def tokens_at_most(text: str) -> int:
    """Most tokens of a text under any tokenizer: each stands for at least one byte."""
    return len(text.encode("utf-8", "replace"))


def default_generation(longest_answer: int) -> Generation:
    """How long answers may be when the gate does not say: as long as the longest reference, and 16 more.

    At least 32 and at most 1,024 tokens, for prompts need room in the context as well; a longer reference is
    refused with the number that it needs.
    `longest_answer` is what `tokens_at_most` makes of the longest reference; 0 when it is not known.
    """
    wanted = longest_answer + _MARGIN if longest_answer else 0
    limit = min(max(wanted, DEFAULT_GENERATION.max_new_tokens), _MOST_BY_DEFAULT)
    return Generation(max_new_tokens=limit)
