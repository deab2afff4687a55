"""Base models that cannot be used: each is refused with its cause, in prepare and by every load."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CONFIG_MAPPING, PretrainedConfig

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_model.config import CONFIG_KEYS, MODEL_TYPES
from sluice_store.files import upload_folder
from sluice_store.local import LocalStore
from sluice_trainer.chat.tokenizer import load_tokenizer
from sluice_trainer.models.configuration import try_settings
from sluice_trainer.models.fit import prove_fit
from sluice_trainer.models.folder import fetch_model, inspect_folder
from sluice_trainer.models.load import load_model
from sluice_trainer.preflight.template import open_tokenizer
from support.tinymodel import save_tiny

Tensors = dict[str, torch.Tensor]
WEIGHTS, CONFIG = "model.safetensors", "config.json"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny"))


def changed(model: Path, to: Path, tensors: Callable[[Tensors], Tensors] = dict, **config: Any) -> Path:
    """A copy with other tensors or another configuration."""
    shutil.copytree(model, to)
    save_file(tensors(load_file(to / WEIGHTS)), to / WEIGHTS)
    document = json.loads((to / CONFIG).read_text()) | config
    (to / CONFIG).write_text(json.dumps(document))
    return to


def without(part: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {name: t for name, t in tensors.items() if part not in name}


UNFIT: dict[str, tuple[Callable[[Tensors], Tensors], dict[str, Any], str]] = {
    "a tensor missing": (without("layers.1.mlp.up_proj"), {}, "lack model.layers.1.mlp.up_proj.weight"),
    "a layer missing": (without("layers.1."), {}, "num_hidden_layers is 2, the weights have 1 layers"),
    "fewer layers": (dict, {"num_hidden_layers": 1}, "num_hidden_layers is 1, the weights have 2 layers"),
    "more tensors": (lambda t: t | {"x.weight": torch.ones(2)}, {}, "hold x.weight, for which"),
    "no head": (dict, {"tie_word_embeddings": False}, "lack lm_head.weight"),
    "no embedding": (without("embed_tokens"), {}, "lack model.embed_tokens.weight"),
    "other names": (lambda t: {f"x.{n}": v for n, v in t.items()}, {}, "the weights have 0 layers"),
    "another width": (dict, {"intermediate_size": 64}, "asks for [64, 64]"),
    "another vocabulary": (dict, {"vocab_size": 321}, "asks for [321, 64]"),
    "biases": (dict, {"attention_bias": True}, "q_proj.bias"),
    "heads that do not divide": (dict, {"num_attention_heads": 3, "head_dim": None}, "ValueError|3"),
    "an unknown activation": (dict, {"hidden_act": "evil"}, "evil"),
    "unknown positions": (dict, {"rope_parameters": {"rope_type": "evil", "rope_theta": 1.0}}, "evil"),
}


@pytest.mark.parametrize(("tensors", "config", "told"), UNFIT.values(), ids=UNFIT.keys())
def test_what_does_not_fit_is_found_by_headers_alone_and_by_every_load(
    model: Path, tmp_path: Path, tensors: Callable[[Tensors], Tensors], config: dict[str, Any], told: str
) -> None:
    folder = changed(model, tmp_path / "changed", tensors, **config)
    with pytest.raises(InputWrong) as refused:
        prove_fit(inspect_folder(folder))
    assert refused.value.reason is reasons.BASE_MODEL_UNSUPPORTED
    assert any(part in refused.value.message for part in told.split("|"))


def test_nothing_is_made_up_where_a_tensor_is_missing(model: Path, tmp_path: Path) -> None:
    folder = changed(model, tmp_path / "changed", without("mlp.down_proj"))
    with pytest.raises(InputWrong, match="lack model") as refused:
        load_model(folder, torch.float32)
    assert refused.value.reason is reasons.BASE_MODEL_UNSUPPORTED


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_named_before_the_first_step(
    model: Path, tmp_path: Path, value: float
) -> None:
    def spoilt(tensors: Tensors) -> Tensors:
        tensors["model.embed_tokens.weight"][300, 5] = value
        return tensors

    with pytest.raises(InputWrong, match=r"tensor model\.embed_tokens\.weight holds numbers") as refused:
        load_model(changed(model, tmp_path / "changed", spoilt), torch.float32)
    assert refused.value.reason is reasons.BASE_MODEL_UNSUPPORTED


def test_a_head_that_is_stored_beside_its_tie_must_equal_it(model: Path, tmp_path: Path) -> None:
    name = "lm_head.weight"
    same = changed(model, tmp_path / "same", lambda t: t | {name: t["model.embed_tokens.weight"].clone()})
    assert load_model(same, torch.float32).config.tie_word_embeddings
    other = changed(model, tmp_path / "other", lambda t: t | {name: t["model.embed_tokens.weight"] + 1})
    with pytest.raises(InputWrong, match="tie_word_embeddings is true, but"):
        inspect_folder(other)


def test_old_buffers_that_nobody_reads_are_fine(model: Path, tmp_path: Path) -> None:
    old = {f"model.layers.{i}.self_attn.rotary_emb.inv_freq": torch.ones(8) for i in (0, 1)}
    folder = changed(model, tmp_path / "old", lambda t: t | old)
    prove_fit(inspect_folder(folder))
    load_model(folder, torch.float32)


def test_attention_is_ours_whatever_the_configuration_says(model: Path, tmp_path: Path) -> None:
    assert load_model(model, torch.float32).config._attn_implementation == "sdpa"
    with pytest.raises(InputWrong, match="names code to run"):
        load_model(changed(model, tmp_path / "x", attn_implementation="org/kernel"), torch.float32)


def test_only_safetensors_are_read(model: Path, tmp_path: Path) -> None:
    folder = changed(model, tmp_path / "pickled")
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()
    with pytest.raises(InputWrong, match=r"pytorch_model\.bin may hold code"):
        load_model(folder, torch.float32)


def test_only_what_belongs_to_the_model_is_fetched_and_only_known_keys_stay(
    model: Path, tmp_path: Path
) -> None:
    folder = changed(model, tmp_path / "more", get_text_config=5)
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "/elsewhere"}')
    (folder / "consolidated.safetensors").write_bytes(b"other")
    (folder / "evil.py").write_text("")
    store = LocalStore(tmp_path / "store")
    digest = upload_folder(store, folder, "models/m", {}).digest
    fetch_model(store, "models/m", digest, tmp_path / "fetched")
    found = {p.name for p in (tmp_path / "fetched").iterdir()}
    assert found == {p.name for p in model.iterdir()}
    assert "get_text_config" not in json.loads((tmp_path / "fetched" / CONFIG).read_text())
    load_model(tmp_path / "fetched", torch.float32)


TEMPLATES = {
    "loops": "{% for _ in range(99999) %}" * 4 + "{% endfor %}" * 4,
    "memory": "{{ 'a' * 99999999999 }}",
    "no template": "{% if %}",
    "refuses users": "{{ raise_exception('system first') }}",
}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_a_template_that_cannot_be_used_is_named_before_any_row(
    model: Path, tmp_path: Path, template: str
) -> None:
    folder = changed(model, tmp_path / "changed")
    (folder / "chat_template.jinja").write_text(template)
    tokenizer, check = open_tokenizer(folder)
    assert tokenizer is None
    assert check.reason is reasons.CHAT_TEMPLATE_UNSUPPORTED
    assert "chat template" in check.message


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("pre_tokenizer", {"type": "Evil"}),
        ("model", {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": [["a", "zz"]]}),
        ("model", None),
        ("decoder", 7),
        ("added_tokens", [{"id": 300, "content": "x"}]),
    ],
)
def test_a_tokenizer_that_no_library_takes_is_refused_with_its_cause(
    model: Path, tmp_path: Path, part: str, value: Any
) -> None:
    folder = changed(model, tmp_path / "changed")
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {part: value}))
    tokenizer, check = open_tokenizer(folder)
    assert tokenizer is None
    assert check.reason is reasons.BASE_MODEL_UNSUPPORTED
    assert "tokenizer.json cannot be used: " in check.message


def test_a_text_that_the_tokenizer_cannot_encode_is_a_reason_whenever_it_comes(
    model: Path, tmp_path: Path
) -> None:
    folder = changed(model, tmp_path / "changed")
    path = folder / "tokenizer.json"
    document = json.loads(path.read_text())
    words = {"Hello": 0, "!": 1, "<|im_start|>": 257, "<|im_end|>": 258}
    document["model"] = {"type": "WordLevel", "vocab": words, "unk_token": "none"}
    path.write_text(json.dumps(document))
    with pytest.raises(InputWrong, match="tokenizer cannot encode a text") as refused:
        load_tokenizer(folder).encode_text("unheard of")
    assert refused.value.reason is reasons.BASE_MODEL_UNSUPPORTED


@pytest.mark.parametrize("model_type", MODEL_TYPES.values())
def test_every_setting_of_a_supported_model_is_a_known_key(model_type: str) -> None:
    """A new version of the library that adds one makes this fail: decide about the key then."""
    common = {f.name for f in dataclasses.fields(PretrainedConfig)}
    own = {f.name for f in dataclasses.fields(CONFIG_MAPPING[model_type])}
    assert own - common <= CONFIG_KEYS.keys()


def test_settings_are_tried_at_any_size() -> None:
    huge = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 16_384,
        "intermediate_size": 53_248,
        "num_hidden_layers": 126,
        "num_attention_heads": 128,
        "num_key_value_heads": 8,
        "vocab_size": 128_256,
        "max_position_embeddings": 131_072,
        "rope_theta": 500_000.0,
        "rope_scaling": {
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
            "rope_type": "llama3",
        },
    }
    try_settings(huge)
