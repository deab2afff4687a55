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
from sluice_trainer.greedy import greedy, stop_tokens
from sluice_trainer.models.load import load_model

PROMPTS = (
    "Hello!",
    "What is two plus three?",
    "Name a colour.",
    "Write one short sentence about water.",
    "Answer with yes or no: is ice cold?",
)
NEW_TOKENS = 8


@dataclass(frozen=True)
class Spoken:
    """What the bundle said to a prompt."""

    prompt: str
    answer: str


def load_back(folder: Path, prompts: Sequence[str] = PROMPTS) -> tuple[Spoken, ...]:
    """Answers by greedy decoding. Raises StageBug(LOAD_BACK_FAILED)."""
    try:
        model, tokenizer = _load(folder)
        stops = stop_tokens(folder, tokenizer.end_id)
        return tuple(Spoken(prompt, _answer(model, tokenizer, prompt, stops)) for prompt in prompts)
    except InputWrong as error:
        raise _failed(error.message) from error
    except (OSError, ValueError, KeyError, SafetensorError, TemplateRefused) as error:
        raise _failed(f"{type(error).__name__}: {error}") from error


def _load(folder: Path) -> tuple[PreTrainedModel, ChatTokenizer]:
    # float32, because arithmetic in bfloat16 is hundreds of times slower on CPUs without instructions for it.
    return load_model(folder, torch.float32), load_tokenizer(folder)


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
