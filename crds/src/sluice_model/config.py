"""`config.json` and `generation_config.json`: the keys that may reach a library, and what each may say.

An allow-list: the libraries set an attribute for every key that they find, and some attributes choose code,
such as kernels from a hub. Keys that are not listed are left out of every load and of every artifact.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sluice_model.rules import (
    FLAG,
    SHARE,
    TEXT,
    TOKEN_ID,
    TOKEN_IDS,
    Rule,
    either,
    mapping,
    number,
    one_of,
    several,
    whole,
)

MODEL_TYPES: Final = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "mistral",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
    "SmolLM3ForCausalLM": "smollm3",
}
"""Supported model classes, each with the `model_type` that belongs to it."""

_FACTORS: Final = several(number(0, 1e6))
_ROPE: Final[Mapping[str, Rule]] = {
    "rope_type": TEXT,
    "type": TEXT,
    "rope_theta": number(0, 1e12),
    "factor": number(0, 1e6),
    "original_max_position_embeddings": whole(1),
    "low_freq_factor": number(0, 1e6),
    "high_freq_factor": number(0, 1e6),
    "attention_factor": number(0, 1e6),
    "beta_fast": number(0, 1e6),
    "beta_slow": number(0, 1e6),
    "mscale": number(0, 1e6),
    "mscale_all_dim": number(0, 1e6),
    "short_factor": _FACTORS,
    "long_factor": _FACTORS,
    "partial_rotary_factor": number(0, 1),
    "truncate": FLAG,
}
_DTYPE: Final = one_of("float32", "bfloat16", "float16", "auto")

CONFIG_KEYS: Final[Mapping[str, Rule]] = {
    "architectures": several(TEXT),
    "attention_bias": FLAG,
    "attention_dropout": SHARE,
    "bos_token_id": TOKEN_IDS,
    "dtype": _DTYPE,
    "eos_token_id": TOKEN_IDS,
    "head_dim": whole(1, 4096),
    "hidden_act": TEXT,
    "hidden_size": whole(1),
    "initializer_range": either(whole(0, 1), number(0, 1)),
    "intermediate_size": whole(1),
    "layer_types": several(one_of("full_attention", "sliding_attention")),
    "max_position_embeddings": whole(1),
    "max_window_layers": whole(0),
    "mlp_bias": FLAG,
    "model_type": TEXT,
    "no_rope_layer_interval": whole(1),
    "no_rope_layers": several(whole(0, 1)),
    "num_attention_heads": whole(1),
    "num_hidden_layers": whole(1, 1024),
    "num_key_value_heads": whole(1),
    "pad_token_id": either(TOKEN_ID, whole(-1, -1)),
    "partial_rotary_factor": number(0, 1),
    "pretraining_tp": whole(1),
    "rms_norm_eps": number(0, 1),
    "rope_parameters": mapping(_ROPE),
    "rope_scaling": mapping(_ROPE),
    "rope_theta": number(0, 1e12),
    "sliding_window": whole(1),
    "tie_word_embeddings": FLAG,
    "torch_dtype": _DTYPE,
    "transformers_version": TEXT,
    "use_cache": FLAG,
    "use_sliding_window": FLAG,
    "vocab_size": whole(1),
}

_PENALTY: Final = number(0, 100)
GENERATION_KEYS: Final[Mapping[str, Rule]] = {
    "_from_model_config": FLAG,
    "begin_suppress_tokens": several(TOKEN_ID),
    "bos_token_id": TOKEN_IDS,
    "do_sample": FLAG,
    "early_stopping": either(FLAG, one_of("never")),
    "eos_token_id": TOKEN_IDS,
    "length_penalty": Rule("a number from -100 to 100", lambda v: number(-101, 100).holds(v)),
    "max_length": whole(0),
    "max_new_tokens": whole(1),
    "min_length": whole(0),
    "min_new_tokens": whole(0),
    "min_p": either(whole(0, 0), number(0, 1)),
    "no_repeat_ngram_size": whole(0),
    "num_beams": whole(1, 64),
    "pad_token_id": either(TOKEN_ID, whole(-1, -1)),
    "repetition_penalty": _PENALTY,
    "suppress_tokens": several(TOKEN_ID),
    "temperature": either(whole(0, 0), _PENALTY),
    "top_k": whole(-1),
    "top_p": number(0, 1),
    "transformers_version": TEXT,
    "typical_p": number(0, 1),
    "use_cache": FLAG,
}

_CODE: Final = re.compile(
    r"auto_map|^custom_|_internal$|implementation|kernel|quantiz|remote_code|fusion_config|transformers_weights"
)
_INERT: Final = frozenset({"_attn_implementation_autoset"})
"""Left by old versions of a library; says whether a choice was made, and chooses nothing."""


def code_keys(document: Any) -> Iterator[str]:
    """Keys, at any depth, by which a configuration asks for code. Such a model is refused, not cleaned."""
    if isinstance(document, dict):
        for key, inner in document.items():
            if inner is not None and key not in _INERT and _CODE.search(key):
                yield key
            yield from code_keys(inner)
    elif isinstance(document, list):
        for inner in document:
            yield from code_keys(inner)
