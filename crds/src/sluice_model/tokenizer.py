"""Tokenizer files: the keys that may reach a library, and ids that the model has embeddings for.

A token id decides how much memory a tokenizer takes, so ids are bounded before a library sees them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sluice_model.errors import Unsupported
from sluice_model.rules import FLAG, TEXT, Rule, either, is_number, mapping, one_of, several, whole

TOKENIZER: Final = "tokenizer.json"
TOKENIZER_CONFIG: Final = "tokenizer_config.json"
SPECIAL_TOKENS: Final = "special_tokens_map.json"
ADDED_TOKENS: Final = "added_tokens.json"
TEMPLATE: Final = "chat_template.jinja"
VOCABULARY, MERGES = "vocab.json", "merges.txt"

LONGEST_TEMPLATE: Final = 1024 * 1024

_TEMPLATE_TEXT: Final = Rule(
    f"a text of at most {LONGEST_TEMPLATE} letters",
    lambda v: isinstance(v, str) and len(v) <= LONGEST_TEMPLATE,
)
_NAMED_TEMPLATE: Final = Rule(
    "an object with name and template",
    lambda v: (
        isinstance(v, dict)
        and v.keys() == {"name", "template"}
        and TEXT.holds(v["name"])
        and _TEMPLATE_TEXT.holds(v["template"])
    ),
)
_ADDED: Final = mapping(
    {
        "__type": one_of("AddedToken"),
        "content": Rule("a text", lambda v: isinstance(v, str) and 0 < len(v) <= 200),
        "id": whole(0, 2**31 - 1),
        "lstrip": FLAG,
        "normalized": FLAG,
        "rstrip": FLAG,
        "single_word": FLAG,
        "special": FLAG,
    }
)
_TOKEN: Final = Rule(
    "a token: a text of 1 to 200 letters, or an object with content",
    lambda v: (
        (isinstance(v, str) and 0 < len(v) <= 200)
        or (isinstance(v, dict) and "content" in v and _ADDED.holds(v))
    ),
)
_EXTRA: Final = either(
    several(_TOKEN),
    Rule("an object of tokens", lambda v: isinstance(v, dict) and all(map(_TOKEN.holds, v.values()))),
)
_CLASSES: Final = (
    "PreTrainedTokenizer",
    "PreTrainedTokenizerFast",
    "TokenizersBackend",
    "LlamaTokenizer",
    "LlamaTokenizerFast",
    "Qwen2Tokenizer",
    "Qwen2TokenizerFast",
    "GPT2Tokenizer",
    "GPT2TokenizerFast",
)
_SPECIAL: Final = {f"{name}_token": _TOKEN for name in ("bos", "eos", "unk", "pad", "sep", "cls", "mask")}

SPECIAL_KEYS: Final[Mapping[str, Rule]] = {
    **_SPECIAL,
    "additional_special_tokens": _EXTRA,
    "extra_special_tokens": _EXTRA,
}
TOKENIZER_KEYS: Final[Mapping[str, Rule]] = {
    **SPECIAL_KEYS,
    "add_bos_token": FLAG,
    "add_eos_token": FLAG,
    "add_prefix_space": FLAG,
    "added_tokens_decoder": Rule(
        "an object of tokens by id",
        lambda v: (
            isinstance(v, dict)
            and all(
                k.isdecimal() and len(k) <= 10 and "content" in x and _ADDED.holds(x)
                if isinstance(x, dict)
                else False
                for k, x in v.items()
            )
        ),
    ),
    "chat_template": either(_TEMPLATE_TEXT, several(_NAMED_TEMPLATE)),
    "clean_up_tokenization_spaces": FLAG,
    "errors": one_of("strict", "ignore", "replace"),
    "legacy": FLAG,
    "model_max_length": Rule("a number above 0", lambda v: is_number(v) and v > 0),
    "padding_side": one_of("left", "right"),
    "spaces_between_special_tokens": FLAG,
    "split_special_tokens": FLAG,
    "tokenizer_class": one_of(*_CLASSES),
    "truncation_side": one_of("left", "right"),
    "use_default_system_prompt": FLAG,
}


def check_ids(documents: Mapping[str, Mapping[str, Any]], embeddings: int) -> None:
    """Every token id of every tokenizer file has an embedding. Raises Unsupported."""
    for name, ids in _ids(documents):
        for token in ids:
            if type(token) is not int or not 0 <= token < embeddings:
                raise Unsupported(
                    f"{name} has token id {repr(token)[:40]}; the model has {embeddings} embeddings, "
                    f"so ids are from 0 to {embeddings - 1}"
                )


def _ids(documents: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, Iterable[Any]]]:
    whole_file = documents.get(TOKENIZER, {})
    yield f"{TOKENIZER}, model.vocab", _vocabulary(whole_file.get("model"))
    yield f"{TOKENIZER}, added_tokens", _added(whole_file.get("added_tokens"))
    yield VOCABULARY, documents.get(VOCABULARY, {}).values()
    yield ADDED_TOKENS, documents.get(ADDED_TOKENS, {}).values()
    decoder = documents.get(TOKENIZER_CONFIG, {}).get("added_tokens_decoder") or {}
    yield f"{TOKENIZER_CONFIG}, added_tokens_decoder", (int(key) for key in decoder)


def _vocabulary(model: Any) -> Iterable[Any]:
    """Ids of a vocabulary that maps tokens to ids; one that lists tokens counts its places."""
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, dict):
        return vocabulary.values()
    return range(len(vocabulary)) if isinstance(vocabulary, list) else ()


def _added(tokens: Any) -> Iterable[Any]:
    if tokens is None:
        return ()
    if not isinstance(tokens, list) or not all(isinstance(t, dict) for t in tokens):
        raise Unsupported(f"{TOKENIZER}: added_tokens must be a list of tokens")
    if not all(isinstance(t.get("content"), str) and t["content"] for t in tokens):
        raise Unsupported(f"{TOKENIZER}: each of added_tokens needs a content that is not empty")
    return [token.get("id") for token in tokens]
