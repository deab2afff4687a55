"""What a GGUF file says about its tokenizer and its length, in our own words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_plugin.errors import Refused

TEXT_END = "<|endoftext|>"
_LONG_AND_UNUSED = ("tokenizer.ggml.merges", "tokenizer.ggml.token_type", "tokenizer.ggml.scores")


@dataclass(frozen=True)
class FileFacts:
    """Metadata of one file."""

    context_length: int
    tokenizer: str
    """Sort of tokenizer: `gpt2` is byte-level BPE, `llama` is SentencePiece."""
    splitting: str
    """Name of the rule that splits text before merges."""
    end: str | None = None
    """Token that ends a turn."""
    padding: str | None = None
    """Token to pad with, which never is the one that ends a turn when there is another."""


def read_facts(source: Path) -> FileFacts:
    """Read the metadata. Raises Refused for a file that is no GGUF or does not say enough."""
    from gguf import GGUFReader

    try:
        fields = GGUFReader(source).fields.items()
    except (ValueError, OSError) as error:
        raise Refused(f"{source} cannot be read as GGUF: {error}") from error
    return facts_of({name: field.contents() for name, field in fields if name not in _LONG_AND_UNUSED})


def facts_of(fields: dict[str, Any]) -> FileFacts:
    """Facts of the metadata of a file. Raises Refused."""
    length = _needed(fields, f"{_needed(fields, 'general.architecture')}.context_length")
    tokens = _needed(fields, "tokenizer.ggml.tokens")
    end = _token(fields, tokens, "eos_token_id")
    return FileFacts(
        context_length=int(length),
        tokenizer=str(_needed(fields, "tokenizer.ggml.model")),
        splitting=str(fields.get("tokenizer.ggml.pre", "")),
        end=end,
        padding=_padding(_token(fields, tokens, "padding_token_id"), end, tokens),
    )


def _needed(fields: dict[str, Any], key: str) -> Any:
    if key not in fields:
        raise Refused(f"the GGUF file has no {key}: import the model's Hugging Face folder instead")
    return fields[key]


def _token(fields: dict[str, Any], tokens: list[str], key: str) -> str | None:
    number = fields.get(f"tokenizer.ggml.{key}")
    return tokens[number] if isinstance(number, int) and 0 <= number < len(tokens) else None


def _padding(given: str | None, end: str | None, tokens: list[str]) -> str | None:
    if given not in (None, end):
        return given
    return TEXT_END if TEXT_END in tokens else given
