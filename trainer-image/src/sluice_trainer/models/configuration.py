"""From the allowed keys of a configuration to the library's own, and what models of it need."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from sluice_model.errors import Unsupported
from sluice_trainer.exhaustion import memory_ran_out

PLAIN: Final = "sdpa"
"""Attention of every load that is not training's: no kernel but torch's own."""
_SMALL: Final = {
    "vocab_size": 16,
    "hidden_size": 32,
    "intermediate_size": 16,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "initializer_range": 0.02,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
_LAYERS: Final = 2
_PER_LAYER: Final = ("layer_types", "no_rope_layers")


@contextmanager
def library_errors(what: str) -> Iterator[None]:
    """Turn whatever a library raises about a model into Unsupported; too little memory stays itself."""
    try:
        yield
    except Unsupported:
        raise
    except Exception as error:  # a library that reads somebody else's files may raise anything
        if memory_ran_out(error) is not None:
            raise
        raise Unsupported(f"{what}: {type(error).__name__}: {error}"[:600]) from error


def library_config(config: Mapping[str, Any]) -> PretrainedConfig:
    """The library's configuration of allowed keys. Raises Unsupported."""
    given = {k: v for k, v in config.items() if v != "auto" and k != "transformers_version"}
    with library_errors("the configuration cannot be read"):
        found: PretrainedConfig = CONFIG_MAPPING[config["model_type"]].from_dict(given)
        return found


def expected_shapes(config: PretrainedConfig) -> tuple[dict[str, tuple[int, ...]], set[str]]:
    """Shape of each tensor that a model of this configuration needs, and names that are tied to another.

    Nothing is computed and no memory taken. Raises Unsupported.
    """
    with library_errors("no model can be built from the configuration"), torch.device("meta"):
        model = _build(config)
    tied = set(model.all_tied_weights_keys)
    return {name: tuple(t.shape) for name, t in model.state_dict().items()}, tied


def try_settings(config: Mapping[str, Any]) -> None:
    """Compute with a tiny model that has all settings but the sizes. Raises Unsupported.

    What the settings do together, such as scaling of positions, shows only when they are used.
    """
    small = library_config({**config, **_SMALL, **_shortened(config)})
    with (
        torch.random.fork_rng(devices=[]),
        library_errors("a small model of these settings does not compute"),
    ):
        torch.manual_seed(0)
        with torch.no_grad():
            logits = _build(small).float().eval()(torch.arange(8)[None]).logits
    if not torch.isfinite(logits).all():
        raise Unsupported(
            "a small model of these settings computes numbers that are not finite: correct config.json"
        )


def _shortened(config: Mapping[str, Any]) -> dict[str, Any]:
    heads = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    per_layer = {name: config[name][:_LAYERS] for name in _PER_LAYER if config.get(name)}
    return {"num_hidden_layers": min(_LAYERS, config["num_hidden_layers"]), "head_dim": heads, **per_layer}


def _build(config: PretrainedConfig) -> PreTrainedModel:
    model: PreTrainedModel = AutoModelForCausalLM.from_config(
        config, attn_implementation=PLAIN, trust_remote_code=False
    )
    return model
