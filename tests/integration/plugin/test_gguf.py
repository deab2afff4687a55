"""GGUF to a Hugging Face folder: the same weights, a tokenizer that ends its turns, nothing quantised."""

import json
import sys
from pathlib import Path

import pytest

from sluice_plugin.errors import Refused
from sluice_plugin.models.folder import model_files
from sluice_plugin.models.gguf import convert
from support.tinygguf import save_tiny_gguf

SERVED = {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"}


def test_a_gguf_file_becomes_the_same_model_in_safetensors(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path / "model"
    original = save_tiny_gguf(tmp_path / "tiny.gguf")
    convert(tmp_path / "tiny.gguf", folder)
    assert set(model_files([p.name for p in folder.iterdir()])) >= SERVED
    assert "quantization_config" not in json.loads((folder / "config.json").read_text())
    converted = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = torch.arange(12).reshape(1, 12)
    with torch.no_grad():
        assert torch.allclose(converted(ids).logits, original(ids).logits, atol=1e-5)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|endoftext|>")
    assert "<|im_start|>" in tokenizer.chat_template


def test_without_the_libraries_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(Refused, match="install torch, transformers and gguf"):
        convert(tmp_path / "tiny.gguf", tmp_path / "model")
