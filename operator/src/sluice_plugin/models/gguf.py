"""Turns a GGUF file into a Hugging Face folder in safetensors. The only module that needs torch."""

import sys
from pathlib import Path
from typing import Any

from sluice_plugin.errors import Refused

TURN_END, TEXT_END = "<|im_end|>", "<|endoftext|>"


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
    mend_end_token(tokenizer)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def mend_end_token(tokenizer: Any) -> None:
    """Readers of GGUF take the end of text for the end of a turn, for models whose template writes ChatML.

    A model that never says that its turn is over would talk on until it is cut off.
    """
    known = tokenizer.get_vocab()
    writes_turns = TURN_END in (tokenizer.chat_template or "")
    if writes_turns and TURN_END in known and tokenizer.eos_token != TURN_END:
        tokenizer.eos_token = TURN_END
        if TEXT_END in known:
            tokenizer.pad_token = TEXT_END
