"""What token shards depend on, and what their manifest says about them.

Two runs that need the same shards share them, so the key holds all that changes a byte, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Final

from pydantic import Field

from sluice_api.base import ApiModel
from sluice_api.chat import TemplateArgument
from sluice_api.contracts.manifests import FileManifest
from sluice_api.hashing import content_hash, digest_of
from sluice_api.trainingrun import Hyperparameters
from sluice_trainer.chat.masks import LossOn

FORMAT: Final = 2
"""Raised when the same input gives other bytes."""
TOKENIZER_FILES: Final = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
)

Count = Annotated[int, Field(ge=0)]


class SplitTokens(ApiModel):
    """Shards of one split."""

    rows: Count
    skipped: dict[str, Count] = {}
    """Rows that no document came of, by code."""
    examples: dict[str, tuple[str, ...]] = {}
    """The first rows of each code: source, line, and what was found."""
    needed_length: Count = 0
    """Sequence length with which rows that are too long would fit; 0 when none is."""
    truncated_rows: Count
    """Rows whose prompt was cut."""
    tokens: Count
    answer_tokens: Count
    packs: Count
    largest_answer: Count
    """Most answer tokens of a pack."""
    fill_percent: Annotated[float, Field(ge=0, le=100)]

    @property
    def skipped_rows(self) -> int:
        """All rows that were left out."""
        return sum(self.skipped.values())


class TokenDetails(ApiModel):
    """Details of the shards' manifest."""

    format: int = FORMAT
    sequence_length: int
    vocab_size: int
    """Ids are below it."""
    masked_rows: Count
    """Training rows without an answer token in reach."""
    duplicate_prompts: Count
    """Training rows whose prompt an earlier row has."""
    answer_words: Annotated[float, Field(ge=0)]
    """Mean words of an answer."""
    answer_ends: tuple[Count, ...] = ()
    """Last tokens of answers, by which generation must know that an answer is over; a few of them."""
    train: SplitTokens
    validation: SplitTokens | None = None


@dataclass(frozen=True)
class TokenSpec:
    """What decides the shards."""

    dataset_digest: str
    tokenizer_digest: str
    length: int
    packing: bool
    loss_on: LossOn
    arguments: tuple[tuple[str, str], ...] = ()
    """Arguments of the chat template."""

    @property
    def key(self) -> str:
        """Name under which the shards are found."""
        return content_hash({"format": FORMAT, **asdict(self)})


def tokenizer_digest(base: FileManifest) -> str:
    """Digest of a base model's tokenizer and chat template."""
    return digest_of({f.path: f.sha256 for f in base.files if f.path in TOKENIZER_FILES})


def token_spec(
    dataset_digest: str,
    base: FileManifest,
    hyper: Hyperparameters,
    arguments: Sequence[TemplateArgument] = (),
) -> TokenSpec:
    """Spec of the shards that a run needs."""
    return TokenSpec(
        dataset_digest,
        tokenizer_digest(base),
        hyper.sequence_length,
        hyper.packing,
        hyper.loss_on,
        tuple(sorted((argument.name, argument.value) for argument in arguments)),
    )
