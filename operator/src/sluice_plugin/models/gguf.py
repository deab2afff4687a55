"""Turns a GGUF file into a Hugging Face folder in safetensors. The only module that reads weights.

What the file says about itself decides; no model is known by its name.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from sluice_plugin.errors import Refused
from sluice_plugin.models.ggufmeta import FileFacts, read_facts
from sluice_plugin.models.ggufsplit import split_rule

_NAME: Final = "model.gguf"


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
    facts = read_facts(source)
    rule = split_rule(facts)
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(prefix="sluice-gguf-") as alone:
        # By itself, for the libraries also read what lies beside it, such as settings and code.
        (Path(alone) / _NAME).symlink_to(source.resolve())
        origin = {"gguf_file": _NAME, "trust_remote_code": False, "local_files_only": True}
        model = AutoModelForCausalLM.from_pretrained(
            alone, **origin, dtype=torch.float32, attn_implementation="sdpa"
        )
        tokenizer = AutoTokenizer.from_pretrained(alone, **origin)
    rule.apply(tokenizer.backend_tokenizer)
    mend_tokenizer(tokenizer, facts)
    mend_model(model, tokenizer.pad_token_id)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def mend_tokenizer(tokenizer: Any, facts: FileFacts) -> None:
    """Give the tokenizer what the file says, where the reader of GGUF puts something else.

    It takes the token that begins a turn for the one that ends it: a model that never says that its turn is
    over would talk on until it is cut off. Padding that ends turns would hide the end of an answer from
    whoever masks padding.
    """
    tokenizer.clean_up_tokenization_spaces = False
    tokenizer.model_max_length = facts.context_length
    if facts.end is not None:
        tokenizer.eos_token = facts.end
    if facts.padding is not None:
        tokenizer.pad_token = facts.padding


def mend_model(model: Any, padding_id: int | None) -> None:
    """The file was quantised, the weights that were read are not; where the file lay is nobody's business."""
    for unwanted in ("quantization_config", "_model_name_or_path"):
        if hasattr(model.config, unwanted):
            delattr(model.config, unwanted)
    model.hf_quantizer = None
    model.config.name_or_path = ""
    model.config.pad_token_id = model.generation_config.pad_token_id = padding_id
