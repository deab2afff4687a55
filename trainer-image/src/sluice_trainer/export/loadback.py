"""Loads a bundle from disk as a server would, and lets it speak: the last check before it counts as done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel

from sluice_api import reasons
from sluice_api.errors import InputWrong, StageBug
from sluice_trainer.chat.rendering import TemplateRefused
from sluice_trainer.chat.tokenizer import ChatTokenizer, load_tokenizer
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.export.tensors import TensorFolder
from sluice_trainer.greedy import greedy, stop_tokens
from sluice_trainer.models.load import load_model
from sluice_trainer.training.device import host_memory_bytes

PROMPTS = (
    "Hello!",
    "What is two plus three?",
    "Name a colour.",
    "Write one short sentence about water.",
    "Answer with yes or no: is ice cold?",
)
NEW_TOKENS = 8
_MOST_OF_MEMORY = 0.5
"""Share of the memory that weights may take; above it they stay on disk."""


@dataclass(frozen=True)
class Spoken:
    """What the bundle said to a prompt."""

    prompt: str
    answer: str


def load_back(folder: Path, prompts: Sequence[str] = PROMPTS) -> tuple[Spoken, ...]:
    """Answers by greedy decoding. Raises StageBug(LOAD_BACK_FAILED)."""
    try:
        streamed = _is_large(folder)
        model, tokenizer = load_model(folder, torch.float32, streamed=streamed), load_tokenizer(folder)
        stops = stop_tokens(folder, tokenizer.end_id)
        asked = prompts[:1] if streamed else prompts
        return tuple(Spoken(prompt, _answer(model, tokenizer, prompt, stops)) for prompt in asked)
    except InputWrong as error:
        raise _failed(error.message) from error
    except (OSError, ValueError, KeyError, SafetensorError, TemplateRefused) as error:
        raise _failed(f"{type(error).__name__}: {error}") from error


def _is_large(folder: Path) -> bool:
    """Whether the weights in float32 would take most of the memory. Then each token reads them from disk.

    Nothing but float32 is an alternative: bfloat16 is hundreds of times slower on processors without
    instructions for it.
    """
    with TensorFolder(folder) as tensors:
        elements = sum(shape.elements for shape in tensors.shapes.values())
    return elements * torch.float32.itemsize > host_memory_bytes() * _MOST_OF_MEMORY


def _answer(model: PreTrainedModel, tokenizer: ChatTokenizer, prompt: str, stops: Sequence[int]) -> str:
    _, asked = tokenizer.prompt([ChatMessage(role="user", content=prompt)])
    ids = torch.tensor([asked])
    config = greedy(stops, NEW_TOKENS)
    config.return_dict_in_generate = config.output_logits = True
    with torch.no_grad():
        output = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config)
    if not all(torch.isfinite(logits).all() for logits in output.logits):
        raise _failed(f"logits after {prompt!r} are not finite")
    said = output.sequences[0, ids.shape[1] :].tolist()
    controls = set(tokenizer.controls.values())
    return tokenizer.decode([token for token in said if token not in controls])


def _failed(message: str) -> StageBug:
    return StageBug(reasons.LOAD_BACK_FAILED, f"the bundle was written but does not work: {message}"[:800])
