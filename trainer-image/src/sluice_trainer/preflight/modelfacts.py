"""What preflight knows of a base model: what its configuration says. No weights, no code."""

from dataclasses import dataclass
from typing import Any

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_api.sizing import ModelShape
from sluice_model.files import CONFIG
from sluice_model.rules import LARGEST


@dataclass(frozen=True)
class ModelFacts:
    """A base model before it is loaded."""

    documents: dict[str, Any]
    """Content of each JSON file of the model, by name."""

    @property
    def config(self) -> dict[str, Any]:
        """The model's configuration."""
        config: dict[str, Any] = self.documents[CONFIG]
        return config

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

    def _size(self, key: str, default: int | None = None) -> int:
        value = self.config.get(key)
        value = default if value is None else value
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST:
            return value
        raise InputWrong(
            reasons.BASE_MODEL_UNSUPPORTED,
            f"{CONFIG}: {key} is {value!r}; it must be a whole number from 1 to {LARGEST}",
        )
