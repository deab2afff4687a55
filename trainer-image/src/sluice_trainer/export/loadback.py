"""Loads a bundle from disk as a server would, and lets it speak: the last check before it counts as done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from sluice_api import reasons
from sluice_api.errors import StageBug
from sluice_trainer.greedy import greedy, load_model, stop_tokens

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
        stops = stop_tokens(folder, tokenizer.eos_token_id)
        return tuple(Spoken(prompt, _answer(model, tokenizer, prompt, stops)) for prompt in prompts)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise _failed(f"{type(error).__name__}: {error}") from error


def _load(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    # float32, because arithmetic in bfloat16 is hundreds of times slower on CPUs without instructions for it.
    model, wrong = load_model(folder, torch.float32)
    if wrong:
        raise _failed(f"weights and configuration do not fit: {wrong}")
    return model, AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def _answer(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: str, stops: Sequence[int]
) -> str:
    inputs = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    config = greedy(stops, NEW_TOKENS)
    config.return_dict_in_generate = config.output_logits = True
    with torch.no_grad():
        output = model.generate(**inputs, generation_config=config)
    if not all(torch.isfinite(logits).all() for logits in output.logits):
        raise _failed(f"logits after {prompt!r} are not finite")
    answer: str = tokenizer.decode(
        output.sequences[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    return answer


def _failed(message: str) -> StageBug:
    return StageBug(reasons.LOAD_BACK_FAILED, f"the bundle was written but does not work: {message}"[:800])
