"""GGUF to a Hugging Face folder: the same weights, the same tokens, turns that end, nothing quantised."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sluice_plugin.errors import Refused
from sluice_plugin.models.folder import stage_folder
from sluice_plugin.models.gguf import convert
from sluice_store.files import describe_folder
from support.tinygguf import WORDS, save_tiny_gguf, tokens_of_file
from support.tinymodel import CONTEXT, END_OF_TEXT, TURN_END, TURN_START

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SERVED = {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"}
TEXTS = (
    "the 12 tables of 1234, and 3.14",
    "I'm  here\n\n  then",
    " a , b .",
    "\t\tdef f():\n",
    "don\u2019t \u2581x",
    "\u65e5\u672c\u8a9e \U0001f642",
    f"{TURN_START}user\n12{TURN_END}\n",
)


def original() -> "Tokenizer":
    """The tokenizer as the model's makers define it: digits alone, then byte-level words."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {token: number for number, token in enumerate(tokens_of_file())}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[(word[0], word[1]) for word in WORDS]))
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words])
    made.decoder = decoders.ByteLevel()
    special = (END_OF_TEXT, TURN_START, TURN_END)
    made.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in special])
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted file."""
    place = tmp_path_factory.mktemp("gguf")
    save_tiny_gguf(place / "tiny.gguf")
    convert(place / "tiny.gguf", place / "model")
    return place / "model"


def test_a_gguf_file_becomes_the_same_model_in_safetensors(folder: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    written = save_tiny_gguf(tmp_path / "tiny.gguf")
    staged = tmp_path / "staged"
    staged.mkdir()
    assert stage_folder(folder, staged).left_out == ()
    assert {p.name for p in staged.iterdir()} >= SERVED
    assert "quantization_config" not in json.loads((folder / "config.json").read_text())
    converted = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = torch.arange(12).reshape(1, 12)
    with torch.no_grad():
        assert torch.allclose(converted(ids).logits, written(ids).logits, atol=1e-5)


@pytest.mark.parametrize("text", TEXTS)
def test_text_becomes_the_tokens_that_the_model_was_made_with(folder: Path, text: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(text)["input_ids"]
    assert ids == original().encode(text).ids
    assert tokenizer.decode(ids) == text


def test_turns_end_and_padding_is_something_else(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.eos_token, tokenizer.pad_token) == (TURN_END, END_OF_TEXT)
    assert TURN_START in tokenizer.chat_template
    assert tokenizer.model_max_length == CONTEXT
    for name in ("config.json", "generation_config.json"):
        found = json.loads((folder / name).read_text())
        assert (found["pad_token_id"], found["eos_token_id"]) == (
            tokenizer.pad_token_id,
            tokenizer.eos_token_id,
        )


def test_what_lies_beside_the_file_is_not_read(folder: Path, tmp_path: Path) -> None:
    save_tiny_gguf(tmp_path / "tiny.gguf")
    (tmp_path / "config.json").write_text('{"auto_map": {"AutoConfig": "evil.Config"}, "model_type": "evil"}')
    (tmp_path / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": ["evil.T", null]}}')
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    convert(tmp_path / "tiny.gguf", tmp_path / "model")
    assert describe_folder(tmp_path / "model", {}).digest == describe_folder(folder, {}).digest


def test_the_digest_does_not_depend_on_where_the_file_lay(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "another" / "place"
    elsewhere.mkdir(parents=True)
    save_tiny_gguf(elsewhere / "renamed.gguf")
    convert(elsewhere / "renamed.gguf", tmp_path / "model")
    assert describe_folder(tmp_path / "model", {}).digest == describe_folder(folder, {}).digest


def test_other_known_rules_are_read_by_their_name(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    spaced = {}
    for rule in ("gpt-2", "qwen2"):
        save_tiny_gguf(tmp_path / f"{rule}.gguf", splitting=rule)
        convert(tmp_path / f"{rule}.gguf", tmp_path / rule)
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / rule)
        spaced[rule] = tokenizer.convert_ids_to_tokens(tokenizer("e\u0301 12")["input_ids"])
    assert spaced["gpt-2"][-2:] == ["\u0120", "12"]
    assert spaced["qwen2"][-3:] == ["\u0120", "1", "2"]
    assert len(spaced["qwen2"]) == len("\u00e9".encode()) + 3, "letters are composed first"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"splitting": "default"}, "by the rule 'default'; known are gpt-2, qwen2, smollm"),
        ({"tokenizer": "llama"}, "tokenizer is 'llama'"),
    ],
)
def test_a_rule_that_is_not_known_is_refused(tmp_path: Path, changed: dict[str, str], says: str) -> None:
    save_tiny_gguf(tmp_path / "tiny.gguf", **changed)
    with pytest.raises(Refused, match=says):
        convert(tmp_path / "tiny.gguf", tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"PK" + bytes(100))
    with pytest.raises(Refused, match="cannot be read as GGUF"):
        convert(tmp_path / "x.gguf", tmp_path / "model")


def test_without_the_libraries_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(Refused, match="install torch, transformers and gguf"):
        convert(tmp_path / "tiny.gguf", tmp_path / "model")
