"""Looks at a model folder as a whole: the one answer to whether it may be used, and what of it is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sluice_model.config import CONFIG_KEYS, GENERATION_KEYS, MODEL_TYPES, code_keys
from sluice_model.errors import Unsupported
from sluice_model.files import CONFIG, GENERATION, ModelFiles, model_files, small_files
from sluice_model.header import Tensor
from sluice_model.jsonfile import parse_object
from sluice_model.rules import Rule, clean
from sluice_model.source import ModelSource
from sluice_model.tied import check_tied
from sluice_model.tokenizer import (
    SPECIAL_KEYS,
    SPECIAL_TOKENS,
    TEMPLATE,
    TOKENIZER_CONFIG,
    TOKENIZER_KEYS,
    check_ids,
)
from sluice_model.weights import INDEX, read_tensors

_TABLES: Final[Mapping[str, Mapping[str, Rule]]] = {
    CONFIG: CONFIG_KEYS,
    GENERATION: GENERATION_KEYS,
    TOKENIZER_CONFIG: TOKENIZER_KEYS,
    SPECIAL_TOKENS: SPECIAL_KEYS,
}
_IDS: Final = ("bos_token_id", "eos_token_id", "pad_token_id", "suppress_tokens", "begin_suppress_tokens")


@dataclass(frozen=True)
class Inspected:
    """A model that may be used, as far as its files tell."""

    files: ModelFiles
    documents: dict[str, dict[str, Any]]
    """Content of each JSON file; of configurations only the keys that are allowed."""
    tensors: dict[str, Tensor]
    ignored: tuple[str, ...]
    """Keys that were left out, each as `file: key`."""

    @property
    def config(self) -> dict[str, Any]:
        """The model's configuration."""
        return self.documents[CONFIG]


def inspect_model(source: ModelSource) -> Inspected:
    """Check every file of a model. Raises Unsupported."""
    documents = read_documents(source)
    files = model_files(source.sizes, small_files(source.sizes), documents.get(INDEX))
    tensors = read_tensors(source, documents.get(INDEX))
    cleaned = {
        name: clean(documents[name], table, name) for name, table in _TABLES.items() if name in documents
    }
    ignored = tuple(f"{name}: {key}" for name, found in cleaned.items() for key in found.ignored)
    kept = documents | {name: found.kept for name, found in cleaned.items()}
    _check_architecture(kept[CONFIG])
    _check_ids(kept)
    check_tied(source, kept[CONFIG], tensors)
    return Inspected(files, kept, tensors, ignored)


def read_documents(source: ModelSource) -> dict[str, dict[str, Any]]:
    """The JSON files, parsed, none of which asks for code; the template is text. Raises Unsupported."""
    documents = {}
    for name in small_files(source.sizes):
        data = source.read(name, 0, source.sizes[name])
        if name.endswith(".json"):
            documents[name] = parse_object(data, name)
        elif name == TEMPLATE:
            _check_text(data, name)
    named = sorted(
        {f"{name}: {key}" for name in documents if name in _TABLES for key in code_keys(documents[name])}
    )
    if named:
        raise Unsupported(f"the configuration names code to run, which is never done: {', '.join(named[:5])}")
    return documents


def _check_text(data: bytes, name: str) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unsupported(f"{name} is not valid UTF-8: {error}") from error


def _check_architecture(config: Mapping[str, Any]) -> None:
    names = config.get("architectures") or []
    expected = MODEL_TYPES.get(names[0]) if len(names) == 1 else None
    if expected is None:
        found, allowed = ", ".join(names) or "none", ", ".join(MODEL_TYPES)
        raise Unsupported(f"the architecture is {found}; supported are {allowed}")
    if config.get("model_type") != expected:
        raise Unsupported(
            f"{CONFIG}: model_type is {config.get('model_type')!r}; "
            f"with architecture {names[0]} it is {expected!r}"
        )


def _check_ids(documents: Mapping[str, Mapping[str, Any]]) -> None:
    vocabulary = documents[CONFIG].get("vocab_size")
    if vocabulary is None:
        raise Unsupported(f"{CONFIG} has no vocab_size")
    check_ids(documents, vocabulary)
    for name in (CONFIG, GENERATION):
        for key in _IDS:
            _check_id(f"{name}: {key}", documents.get(name, {}).get(key), vocabulary)


def _check_id(where: str, found: Any, vocabulary: int) -> None:
    for token in found if isinstance(found, list) else [found]:
        if token is not None and token >= vocabulary:
            raise Unsupported(
                f"{where} is {token}; the model has {vocabulary} embeddings, ids are below that"
            )
