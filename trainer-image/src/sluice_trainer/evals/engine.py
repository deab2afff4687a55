"""Replies of an artifact that is loaded here: greedy, batched, the same bytes for the same request.

The only module of `evals` that imports torch. Rows go in order of their length, so that little is padding,
and what all prompts begin with is computed once.
"""

import copy
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, DynamicCache, GenerationConfig, PreTrainedModel

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.chat.tokenizer import TemplateRefused, load_tokenizer
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.results import NoReply, Reply
from sluice_trainer.training.device import open_device, usable_cpus

Ids = list[int]
_log = logging.getLogger(__name__)
_BATCH = {"cpu": 16, "cuda": 64}


class ArtifactReplies:
    """A model folder that answers."""

    def __init__(self, folder: Path, progress: Callable[[int], None]) -> None:
        """Load onto the GPU as it was stored, or onto the CPU in float32. `progress` hears finished rows."""
        self._device = open_device("CUDA" if torch.cuda.is_available() else "CPU")
        self._tokenizer = load_tokenizer(folder)
        self._model = _load(folder, torch.float32 if self._device.type == "cpu" else "auto")
        self._model.to(self._device).eval()
        self._progress = progress

    def __call__(self, rows: Sequence[Row], max_new_tokens: int) -> list[Reply]:
        """Replies in order, or why there is none."""
        prompts = self._prompts(rows, max_new_tokens)
        order = sorted(prompts, key=lambda place: len(prompts[place]))
        size = _BATCH[self._device.type]
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        config = self._greedy(max_new_tokens)
        replies: list[Reply] = [NoReply.NO_ROOM] * len(rows)
        pool = self._workers()
        try:
            shared, cache = pool.submit(self._shared, list(prompts.values())).result()
            told = pool.map(lambda b: self._answer([prompts[p] for p in b], shared, cache, config), batches)
            for places, texts in zip(batches, told, strict=True):
                for place, text in zip(places, texts, strict=True):
                    replies[place] = text
                self._progress(len(places))
        finally:
            pool.shutdown(cancel_futures=True)
        return replies

    def _workers(self) -> ThreadPoolExecutor:
        """One worker for a GPU, or one per processor, each of which computes alone.

        Threads that share one computation wait for the slowest at every step, which is ruinous on busy
        processors; and how they divide a sum may change its last digit.
        """
        if self._device.type == "cuda":
            return ThreadPoolExecutor(1)
        return ThreadPoolExecutor(usable_cpus(), initializer=torch.set_num_threads, initargs=(1,))

    def _prompts(self, rows: Sequence[Row], max_new_tokens: int) -> dict[int, Ids]:
        """Tokens of every prompt that the model can answer, by the row's place."""
        room = self._model.config.get_text_config().max_position_embeddings - max_new_tokens
        prompts: dict[int, Ids] = {}
        for place, row in enumerate(rows):
            try:
                ids = self._tokenizer.prompt_ids(row.prompt)
            except TemplateRefused as error:
                _log.warning("item %s counts as wrong: the chat template refuses it: %s", row.id, error)
                continue
            if len(ids) <= room:
                prompts[place] = ids
            else:
                _log.warning("item %s counts as wrong: %d tokens, room for %d", row.id, len(ids), room)
        return prompts

    def _greedy(self, max_new_tokens: int) -> GenerationConfig:
        """Nothing but greedy: an artifact's own settings, such as sampling, play no part."""
        stops = self._model.generation_config.eos_token_id
        ends = set(stops if isinstance(stops, list) else [stops]) | {self._tokenizer.end_id}
        known = sorted(end for end in ends if end is not None)
        return GenerationConfig(
            do_sample=False,
            max_new_tokens=max_new_tokens,
            eos_token_id=known or None,
            pad_token_id=known[0] if known else 0,
        )

    @torch.inference_mode()
    def _shared(self, prompts: Sequence[Ids]) -> tuple[int, DynamicCache | None]:
        """Number of tokens that all prompts begin with, and the model's memory of them."""
        length = common_prefix(prompts)
        if length == 0:
            return 0, None
        start = torch.tensor([prompts[0][:length]], device=self._device)
        cache = self._model(start, use_cache=True, logits_to_keep=1).past_key_values
        # A window that slides, or a state that is no key-value cache, cannot be continued after padding.
        if not isinstance(cache, DynamicCache) or any(cache.is_sliding):
            return 0, None
        return length, cache

    @torch.inference_mode()
    def _answer(
        self, batch: Sequence[Ids], shared: int, cache: DynamicCache | None, config: GenerationConfig
    ) -> list[str]:
        """Replies to one batch. Padding stands between the shared part and the rest of a prompt."""
        width = max(map(len, batch))
        fill = [width - len(ids) for ids in batch]
        ids = [
            ids[:shared] + [config.pad_token_id] * n + ids[shared:]
            for ids, n in zip(batch, fill, strict=True)
        ]
        mask = [[1] * shared + [0] * n + [1] * (width - n - shared) for n in fill]
        past = None
        if cache is not None:
            past = copy.deepcopy(cache)
            past.batch_repeat_interleave(len(batch))
        output = self._model.generate(
            input_ids=torch.tensor(ids, device=self._device),
            attention_mask=torch.tensor(mask, device=self._device),
            past_key_values=past,
            generation_config=config,
        )
        return [self._text(row) for row in output[:, width:].tolist()]

    def _text(self, ids: Ids) -> str:
        """The reply without control tokens; what ends it, and the padding behind, are such tokens."""
        controls = self._tokenizer.controls.values()
        return self._tokenizer.decode([token for token in ids if token not in controls])


def common_prefix(prompts: Sequence[Ids]) -> int:
    """Length of what all begin with, leaving at least one token of each; 0 for a single prompt."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)
    length = 0
    while length < len(first) - 1 and length < len(last) - 1 and first[length] == last[length]:
        length += 1
    return length


def _load(folder: Path, dtype: torch.dtype | str) -> PreTrainedModel:
    """The model, whose code is never run, with every weight that it asks for."""
    model, found = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, local_files_only=True, trust_remote_code=False, output_loading_info=True
    )
    # The library fills what is missing with random numbers and merely warns.
    wrong = {kind: names for kind, names in found.items() if names}
    if wrong:
        raise InputWrong(
            reasons.BASE_MODEL_UNSUPPORTED, f"weights and configuration do not fit: {wrong}"[:500]
        )
    loaded: PreTrainedModel = model
    return loaded
