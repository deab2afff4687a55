"""What preflight knows of a base model: its file manifest and its small JSON files. No weights, no code."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sluice_api import reasons
from sluice_api.contracts.manifests import FileManifest
from sluice_api.errors import InputWrong
from sluice_api.sizing import ModelShape

CONFIG: Final = "config.json"
INDEX: Final = "model.safetensors.index.json"
_SMALL: Final = frozenset({".json", ".jinja", ".txt", ".model"})
_SMALL_BYTES: Final = 64 * 1024 * 1024
_LARGEST: Final = 2**24


@dataclass(frozen=True)
class ModelFacts:
    """A base model before it is loaded."""

    files: frozenset[str]
    documents: dict[str, Any]
    """Content of each JSON file that configures something, by path."""

    @property
    def config(self) -> dict[str, Any]:
        """The model's configuration."""
        config: dict[str, Any] = self.documents[CONFIG]
        return config

    @property
    def architecture(self) -> str:
        """Name of the model class; empty when there is not exactly one."""
        names = self.config.get("architectures")
        return str(names[0]) if isinstance(names, list) and len(names) == 1 else ""

    @property
    def context(self) -> int:
        """Longest sequence."""
        return self._size("max_position_embeddings")

    def shape(self) -> ModelShape:
        """Shape of the model. Raises InputWrong for a number that is missing or makes no sense."""
        heads = self._size("num_attention_heads")
        hidden = self._size("hidden_size")
        return ModelShape(
            layers=self._size("num_hidden_layers"),
            hidden=hidden,
            intermediate=self._size("intermediate_size"),
            heads=heads,
            key_value_heads=self._size("num_key_value_heads", heads),
            head_size=self._size("head_dim", max(hidden // heads, 1)),
            vocabulary=self._size("vocab_size"),
            context=self.context,
            tied_embeddings=bool(self.config.get("tie_word_embeddings", False)),
        )

    def all_keys(self) -> Iterator[tuple[str, str]]:
        """Every key of every document, with the document's path."""
        for path, document in self.documents.items():
            yield from ((path, key) for key in _keys(document))

    def _size(self, key: str, default: int | None = None) -> int:
        value = self.config.get(key)
        value = default if value is None else value
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST:
            return value
        raise InputWrong(
            reasons.BASE_MODEL_UNSUPPORTED,
            f"{CONFIG}: {key} is {value!r}; it must be a whole number from 1 to {_LARGEST}",
        )


def small_files(manifest: FileManifest) -> list[str]:
    """Paths of configuration and tokenizer: all that is needed before training."""
    return [f.path for f in manifest.files if Path(f.path).suffix in _SMALL and f.size_bytes <= _SMALL_BYTES]


def read_facts(folder: Path, manifest: FileManifest) -> ModelFacts:
    """Facts from the small files of a model. Raises InputWrong when there is no readable configuration."""
    files = frozenset(f.path for f in manifest.files)
    configuring = [p for p in small_files(manifest) if p.endswith(".json") and p.endswith(_CONFIGURING)]
    documents = {path: _load(folder / path, path) for path in configuring}
    if CONFIG not in documents:
        raise InputWrong(reasons.BASE_MODEL_UNSUPPORTED, f"the base model has no {CONFIG}")
    return ModelFacts(files, documents)


_CONFIGURING: Final = ("config.json", INDEX, "special_tokens_map.json")


def _load(file: Path, path: str) -> Any:
    try:
        document = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputWrong(reasons.BASE_MODEL_UNSUPPORTED, f"{path} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputWrong(reasons.BASE_MODEL_UNSUPPORTED, f"{path} is no JSON object")
    return document


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
