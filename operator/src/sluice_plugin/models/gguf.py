"""Turns a GGUF file into a Hugging Face folder in safetensors. The only module that needs torch."""

import sys
from pathlib import Path
from typing import Any

from sluice_plugin.errors import Refused

TEXT_END = "<|endoftext|>"


def convert(source: Path, target: Path) -> None:
    """Write weights in float32, configuration, tokenizer and chat template to `target`."""
    try:
        import gguf  # noqa: F401 - transformers asks for it only when it is too late for a clear message
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging
    except ImportError as error:
        raise Refused(
            f"reading GGUF needs {error.name}: install torch, transformers and gguf beside the plugin, "
            "or import a Hugging Face folder"
        ) from error
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    origin = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    model = AutoModelForCausalLM.from_pretrained(**origin, dtype=torch.float32)
    # The file was quantised, the weights that were read from it are not any more.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    tokenizer = AutoTokenizer.from_pretrained(**origin)
    mend_end_token(tokenizer, model.config.eos_token_id)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def mend_end_token(tokenizer: Any, end_id: int | None) -> None:
    """Give the tokenizer the end token that the file names.

    The reader of GGUF takes the token that begins a turn instead. A model that never says that its turn is
    over would talk on until it is cut off.
    """
    if end_id is None:
        return
    end = tokenizer.convert_ids_to_tokens(end_id)
    if tokenizer.eos_token == end:
        return
    tokenizer.eos_token = end
    # Padding that ends turns would hide the end of an answer from whoever masks padding.
    if tokenizer.pad_token in {None, end} and TEXT_END in tokenizer.get_vocab():
        tokenizer.pad_token = TEXT_END
