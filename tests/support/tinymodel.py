"""A tokenizer and a model small enough for any test: made in memory, nothing is downloaded.

Everything that needs a model in tests comes from here: a byte-level tokenizer with ChatML turns, and a random
Llama of two layers. Both import transformers, so tests that use them are integration tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

VOCAB_SIZE = 320
"""Rows of the embedding: 256 bytes, three special tokens, and room that no token uses."""
CONTEXT = 512
END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def tiny_tokenizer(with_template: bool = True) -> PreTrainedTokenizerFast:
    """One token per byte, ChatML turns, ids below 259."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={char: i for i, char in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    special = (END_OF_TEXT, TURN_START, TURN_END)
    core.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in special])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=TURN_START,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        unk_token=END_OF_TEXT,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE if with_template else None,
    )


def tiny_model(seed: int = 0, heads: int = 4) -> LlamaForCausalLM:
    """A random Llama in float32: two layers, width 64, grouped-query attention, tied embeddings.

    With two heads instead of four, each is as wide as the serving engine's attention wants.
    """
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    tokens = tiny_tokenizer()
    ids = {"bos_token_id": tokens.bos_token_id, "eos_token_id": tokens.eos_token_id}
    config = LlamaConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        dtype="float32",
        pad_token_id=tokens.pad_token_id,
        **ids,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config).eval()
    model.generation_config = GenerationConfig(**ids, pad_token_id=tokens.pad_token_id, do_sample=False)
    return model


def save_tiny(folder: Path, *, with_template: bool = True, seed: int = 0, heads: int = 4) -> Path:
    """Write model and tokenizer as a Hugging Face folder, weights as safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny_model(seed, heads).save_pretrained(folder)
    tiny_tokenizer(with_template).save_pretrained(folder)
    return folder
