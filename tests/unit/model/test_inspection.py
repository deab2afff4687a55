"""What a model folder may hold: which files are weights, which keys reach a library, which ids there are."""

from pathlib import Path
from typing import Any

import pytest

from sluice_model.errors import Unsupported
from sluice_model.inspection import inspect_model
from sluice_model.source import FolderSource
from support.modelfolder import CONFIG, TOKENIZER, VOCABULARY, safetensors, two_tensors, write_model

INDEX = "model__safetensors__index__json"
PLACES = {"a": "one.safetensors", "b": "one.safetensors"}


def inspected(folder: Path) -> Any:
    return inspect_model(FolderSource(folder))


def refusal(folder: Path) -> str:
    with pytest.raises(Unsupported) as caught:
        inspected(folder)
    return str(caught.value)


def test_the_index_decides_which_files_are_weights(tmp_path: Path) -> None:
    more = {"one__safetensors": two_tensors(), "consolidated__safetensors": two_tensors(), "README__md": b""}
    folder = write_model(tmp_path, **more, **{INDEX: {"weight_map": PLACES}})
    found = inspected(folder)
    assert found.files.weights == ("one.safetensors",)
    assert found.files.left_out == ("README.md", "consolidated.safetensors", "model.safetensors")


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ({"a": "one.safetensors"}, "tensor b: .* says nothing"),
        (PLACES | {"c": "one.safetensors"}, "tensor c: .* the files say nothing"),
        (PLACES | {"b": "model.safetensors"}, "is in one.safetensors and in model.safetensors|is in model"),
        (PLACES | {"b": "gone.safetensors"}, "no gone.safetensors"),
        (PLACES | {"b": "../one.safetensors"}, "name a .safetensors file of the folder"),
        (PLACES | {"b": "/etc/passwd"}, "name a .safetensors file of the folder"),
        (PLACES | {"b": 1}, "name a .safetensors file of the folder"),
        ({}, "weight_map"),
        ([], "weight_map"),
        (None, "weight_map"),
    ],
)
def test_an_index_that_does_not_fit_the_files_is_refused(tmp_path: Path, places: Any, told: str) -> None:
    folder = write_model(tmp_path, one__safetensors=two_tensors(), **{INDEX: {"weight_map": places}})
    with pytest.raises(Unsupported, match=told):
        inspected(folder)


def test_weights_that_may_hold_code_are_named(tmp_path: Path) -> None:
    folder = write_model(tmp_path, pytorch_model__bin=b"")
    (folder / "model.safetensors").unlink()
    assert "no model.safetensors; pytorch_model.bin may hold code" in refusal(folder)


@pytest.mark.parametrize(
    "keys",
    [
        {"auto_map": {"AutoModel": "evil.Model"}},
        {"attn_implementation": "org/kernel"},
        {"_attn_implementation": "flash_attention_2"},
        {"_attn_implementation_internal": "x"},
        {"experts_implementation": "org/kernel"},
        {"quantization_config": {"quant_method": "x"}},
        {"kernel_config": {}},
        {"use_kernels": True},
        {"custom_generate": "org/code"},
        {"transformers_weights": "adapter_model.bin"},
        {"rope_scaling": {"auto_map": {}}},
    ],
)
def test_a_key_that_asks_for_code_is_refused_by_name(tmp_path: Path, keys: dict[str, Any]) -> None:
    assert "names code to run" in refusal(write_model(tmp_path, config__json=CONFIG | keys))


def test_a_key_that_nobody_knows_reaches_nobody_and_is_named(tmp_path: Path) -> None:
    odd = {"get_text_config": 5, "unsloth_fixed": True, "_attn_implementation_autoset": True}
    found = inspected(write_model(tmp_path, config__json=CONFIG | odd))
    assert found.config == CONFIG
    assert found.ignored == tuple(f"config.json: {key}" for key in sorted(odd))


def test_a_null_stays_null_because_libraries_have_other_defaults(tmp_path: Path) -> None:
    folder = write_model(tmp_path, config__json=CONFIG | {"sliding_window": None, "auto_map": None})
    assert inspected(folder).config["sliding_window"] is None


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"architectures": ["Other"]}, "architecture is Other; supported are"),
        ({"architectures": []}, "architecture is none"),
        ({"architectures": "LlamaForCausalLM"}, "architectures is"),
        ({"model_type": "bert"}, "model_type is 'bert'; with architecture LlamaForCausalLM it is 'llama'"),
        ({"eos_token_id": "x"}, "eos_token_id is 'x'"),
        ({"eos_token_id": VOCABULARY}, "ids are below"),
        ({"eos_token_id": [1, 4_000_000_000]}, "eos_token_id is"),
        ({"pad_token_id": -2}, "pad_token_id is -2"),
        ({"torch_dtype": "int8"}, "torch_dtype is 'int8'; it must be one of float32"),
        ({"rms_norm_eps": -1}, "rms_norm_eps is -1"),
        ({"rms_norm_eps": True}, "rms_norm_eps is True"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
        ({"hidden_size": 8.0}, "hidden_size is 8.0"),
        ({"vocab_size": None}, "vocab_size"),
        ({"rope_scaling": {"kernel": "x"}}, "code"),
        ({"rope_scaling": "linear"}, "rope_scaling is 'linear'"),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_range(
    tmp_path: Path, keys: dict[str, Any], told: str
) -> None:
    assert told in refusal(write_model(tmp_path, config__json=CONFIG | keys))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer__json", TOKENIZER | {"added_tokens": [{"id": 4_000_000_000, "content": "x"}]}),
        ("tokenizer__json", {"model": {"vocab": {"a": 4_000_000_000}}}),
        ("tokenizer__json", {"model": {"vocab": {"a": -1}}}),
        ("tokenizer__json", {"model": {"vocab": {"a": "1"}}}),
        ("tokenizer__json", {"model": {"vocab": [["a", 0.0]] * (VOCABULARY + 1)}}),
        ("added_tokens__json", {"x": VOCABULARY}),
        ("tokenizer_config__json", {"added_tokens_decoder": {"64": {"content": "x"}}}),
        ("generation_config__json", {"eos_token_id": [1, VOCABULARY]}),
    ],
)
def test_an_id_without_an_embedding_is_refused(tmp_path: Path, name: str, content: dict[str, Any]) -> None:
    assert f"the model has {VOCABULARY} embeddings" in refusal(write_model(tmp_path, **{name: content}))


@pytest.mark.parametrize(
    "content",
    [
        {"chat_template": ["x"]},
        {"chat_template": [{"name": "x"}]},
        {"chat_template": {"default": "x"}},
        {"tokenizer_class": "EvilTokenizer"},
        {"bos_token": 5},
        {"bos_token": {"content": ""}},
        {"added_tokens_decoder": {"x": {"content": "y"}}},
        {"model_max_length": "x"},
    ],
)
def test_a_tokenizer_configuration_out_of_range_is_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    assert "tokenizer_config.json: " in refusal(write_model(tmp_path, tokenizer_config__json=content))


@pytest.mark.parametrize("token", [{"id": 1}, {"id": 1, "content": ""}, {"id": 1, "content": 5}, "x"])
def test_a_token_without_a_text_is_refused(tmp_path: Path, token: Any) -> None:
    folder = write_model(tmp_path, tokenizer__json=TOKENIZER | {"added_tokens": [token]})
    assert "tokenizer.json: " in refusal(folder)


def test_a_file_that_is_too_large_is_refused_for_that(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    with (folder / "tokenizer.json").open("r+b") as file:
        file.truncate(200 * 1024 * 1024)
    assert refusal(folder) == "tokenizer.json has 209715200 bytes; at most 67108864 are read"


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    folder = write_model(tmp_path)
    (folder / missing).unlink()
    assert f"there is no {missing}" in refusal(folder)


def test_brackets_without_end_are_refused(tmp_path: Path) -> None:
    assert "deep" in refusal(write_model(tmp_path, tokenizer__json=b"[" * 100_000))


def test_weights_without_a_tensor_are_refused(tmp_path: Path) -> None:
    assert "no tensor" in refusal(write_model(tmp_path, model__safetensors=safetensors({}, b"")))
