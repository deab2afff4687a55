"""The tiny model as a GGUF file, as other tools write it: heads permuted, the tokenizer in the metadata."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.tinymodel import (
    CHAT_TEMPLATE,
    END_OF_TEXT,
    TURN_END,
    TURN_START,
    VOCAB_SIZE,
    tiny_model,
    tiny_tokenizer,
)

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}

WORDS = ("th", "he", "12", "Ġt", "ĠĠ")
"""Results of the only merges; a list of one would be read as a string."""


def save_tiny_gguf(path: Path, splitting: str = "smollm", tokenizer: str = "gpt2") -> "LlamaForCausalLM":
    """Write the file; returns the model that it holds."""
    import gguf

    model = tiny_model()
    writer = gguf.GGUFWriter(path, "llama")
    _add_shape(writer, model.config)
    _add_tokenizer(writer, splitting, tokenizer)
    heads = {"attn_q": model.config.num_attention_heads, "attn_k": model.config.num_key_value_heads}
    for name, tensor in model.state_dict().items():
        if (place := _place(name)) is not None:
            part = place.split(".")[-2]
            data = tensor.numpy()
            writer.add_tensor(place, _permuted(data, heads[part]) if part in heads else data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


def _add_shape(writer: Any, config: Any) -> None:
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_vocab_size(config.vocab_size)


def tokens_of_file() -> list[str]:
    """The vocabulary by id."""
    tokenizer = tiny_tokenizer()
    known = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    filler = [f"unused{n}" for n in range(VOCAB_SIZE - len(known) - len(WORDS))]
    return [*known, *WORDS, *filler]


def _add_tokenizer(writer: Any, splitting: str, tokenizer: str) -> None:
    import gguf

    tokens = tokens_of_file()
    special = {END_OF_TEXT, TURN_START, TURN_END}
    kinds = [gguf.TokenType.CONTROL if t in special else gguf.TokenType.NORMAL for t in tokens]
    writer.add_tokenizer_model(tokenizer)
    writer.add_tokenizer_pre(splitting)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([f"{word[0]} {word[1]}" for word in WORDS])
    writer.add_chat_template(CHAT_TEMPLATE)
    writer.add_bos_token_id(tokens.index(TURN_START))
    writer.add_eos_token_id(tokens.index(TURN_END))
    writer.add_pad_token_id(tokens.index(TURN_END))


def _place(name: str) -> str | None:
    """GGUF's name of a tensor; None for the head, which is the embedding."""
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    if name.startswith("model.layers."):
        _, _, number, *rest = name.split(".")
        return f"blk.{number}.{_NAMES['.'.join(rest[:-1])]}.weight"
    return None


def _permuted(data: Any, heads: int) -> Any:
    """Heads interleaved, as the format wants rotary positions."""
    rows, columns = data.shape
    return data.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
