"""How text is split before byte-pair merges: GGUF names a rule, and readers must know it.

A rule that we do not know exactly would teach the model other tokens than it was made with, so it is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sluice_plugin.errors import Refused
from sluice_plugin.models.ggufmeta import FileFacts

_BYTE_LEVEL_BPE = "gpt2"


@dataclass(frozen=True)
class SplitRule:
    """Parts of a byte-level BPE tokenizer beside its vocabulary and merges."""

    pre_tokenizer: Callable[[], Any]
    normalizer: Callable[[], Any] = lambda: None

    def apply(self, backend: Any) -> None:
        """Put the rule into a tokenizer of the library `tokenizers`."""
        from tokenizers import decoders

        backend.normalizer = self.normalizer()
        backend.pre_tokenizer = self.pre_tokenizer()
        backend.decoder = decoders.ByteLevel()


def split_rule(facts: FileFacts) -> SplitRule:
    """The rule of a file. Raises Refused for one that is not in the table."""
    if facts.tokenizer != _BYTE_LEVEL_BPE:
        raise Refused(
            f"the GGUF file's tokenizer is {facts.tokenizer!r}; only byte-level BPE ({_BYTE_LEVEL_BPE!r}) is "
            "read exactly: import the model's Hugging Face folder instead"
        )
    if facts.splitting not in RULES:
        raise Refused(
            f"the GGUF file splits text by the rule {facts.splitting or 'none'!r}; known are "
            f"{', '.join(sorted(RULES))}: import the model's Hugging Face folder instead"
        )
    return RULES[facts.splitting]


def _words() -> Any:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def _digits_and_words() -> Any:
    """Each digit stands alone; then as `_words`."""
    from tokenizers import pre_tokenizers

    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _words()])


def _qwen_words() -> Any:
    from tokenizers import Regex, pre_tokenizers
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    split = pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _composed() -> Any:
    from tokenizers import normalizers

    return normalizers.NFC()


RULES = {
    "gpt-2": SplitRule(_words),
    "smollm": SplitRule(_digits_and_words),
    "qwen2": SplitRule(_qwen_words, _composed),
}
