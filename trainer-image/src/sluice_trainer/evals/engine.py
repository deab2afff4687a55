"""Replies of an artifact that is loaded here: greedy, batched, the same bytes for the same request.

The only module of `evals` that imports torch. Rows go in order of their length, so that little is padding,
and what all prompts begin with is computed once.
"""

import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from transformers import DynamicCache, GenerationConfig

from sluice_api.chat import TemplateArgument
from sluice_store.workers import waited_for
from sluice_trainer.chat.reasoning import open_mark
from sluice_trainer.chat.rendering import TemplateRefused
from sluice_trainer.chat.tokenizer import load_tokenizer
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.batching import Halving, batches
from sluice_trainer.evals.results import NoReply, Reply, Said
from sluice_trainer.greedy import greedy, stop_tokens
from sluice_trainer.models.load import load_model
from sluice_trainer.training.device import open_device, usable_cpus

Ids = list[int]
_log = logging.getLogger(__name__)
_ROWS = {"cpu": 16, "cuda": 64}
_TOKENS = {"cpu": 16_384, "cuda": 65_536}
"""Most tokens of a batch, padding and room for answers included: about 9 GB of an 8B model's cache."""


@dataclass(frozen=True)
class _Prompt:
    """Tokens of a prompt, and whether it ends inside a think block."""

    ids: Ids
    opened: bool


class ArtifactReplies:
    """A model folder that answers."""

    def __init__(
        self,
        folder: Path,
        progress: Callable[[int], None],
        arguments: Sequence[TemplateArgument] = (),
    ) -> None:
        """Load onto the GPU as it was stored, or onto the CPU in float32. `progress` hears finished rows."""
        self._device = open_device("CUDA" if torch.cuda.is_available() else "CPU")
        self._tokenizer = load_tokenizer(folder, arguments)
        self._model = load_model(folder, torch.float32 if self._device.type == "cpu" else "auto")
        self._model.to(self._device)
        self._stops = stop_tokens(folder, self._tokenizer.end_id)
        self._progress = progress

    def __call__(self, rows: Sequence[Row], max_new_tokens: int) -> list[Reply]:
        """Replies in order, or why there is none."""
        prompts, replies = self._prompts(rows, max_new_tokens)
        lengths = {place: len(prompt.ids) for place, prompt in prompts.items()}
        kind = self._device.type
        work = batches(lengths, max_new_tokens, _ROWS[kind], _TOKENS[kind])
        with waited_for(self._workers()) as pool:
            every = [prompt.ids for prompt in prompts.values()]
            shared, cache = pool.submit(self._shared, every).result()
            config = greedy(self._stops, max_new_tokens)
            answer = partial(self._answer, prompts, shared=shared, cache=cache, config=config)
            halving = Halving(answer, self._free)
            for places, said in zip(work, pool.map(halving, work), strict=True):
                replies.update(zip(places, said, strict=True))
                self._progress(len(places))
        return [replies[place] for place in range(len(rows))]

    def tokens(self, text: str) -> int:
        """Tokens of a text."""
        return len(self._tokenizer.encode_text(text))

    def _free(self) -> None:
        _log.warning("a batch does not fit into memory; it is tried again in halves")
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _workers(self) -> ThreadPoolExecutor:
        """One worker for a GPU, or one per processor, each of which computes alone.

        Threads that share one computation wait for the slowest at every step, which is ruinous on busy
        processors; and how they divide a sum may change its last digit.
        """
        if self._device.type == "cuda":
            return ThreadPoolExecutor(1)
        return ThreadPoolExecutor(usable_cpus(), initializer=torch.set_num_threads, initargs=(1,))

    def _prompts(
        self, rows: Sequence[Row], max_new_tokens: int
    ) -> tuple[dict[int, _Prompt], dict[int, Reply]]:
        """Prompts that the model can answer by the row's place, and why others get no reply."""
        room = self._model.config.get_text_config().max_position_embeddings - max_new_tokens
        prompts: dict[int, _Prompt] = {}
        without: dict[int, Reply] = {}
        for place, row in enumerate(rows):
            try:
                text, ids = self._tokenizer.prompt(row.prompt)
            except TemplateRefused as error:
                _log.warning("item %s counts as wrong: the chat template refuses it: %s", row.id, error)
                without[place] = NoReply.TEMPLATE_REFUSED
                continue
            if len(ids) <= room:
                prompts[place] = _Prompt(ids, open_mark(text) is not None)
            else:
                _log.warning("item %s counts as wrong: %d tokens, room for %d", row.id, len(ids), room)
                without[place] = NoReply.NO_ROOM
        return prompts, without

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
        self,
        prompts: Mapping[int, _Prompt],
        places: Sequence[int],
        shared: int,
        cache: DynamicCache | None,
        config: GenerationConfig,
    ) -> list[Said]:
        """Replies to one batch. Padding stands between the shared part and the rest of a prompt."""
        batch = [prompts[place] for place in places]
        width = max(len(prompt.ids) for prompt in batch)
        fill = [width - len(prompt.ids) for prompt in batch]
        ids = [
            prompt.ids[:shared] + [config.pad_token_id] * n + prompt.ids[shared:]
            for prompt, n in zip(batch, fill, strict=True)
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
        new = output[:, width:].tolist()
        return [self._said(prompt, row) for prompt, row in zip(batch, new, strict=True)]

    def _said(self, prompt: _Prompt, ids: Ids) -> Said:
        """The reply without control tokens; what ends it, and the padding behind, are such tokens."""
        ends = [place for place, token in enumerate(ids) if token in self._stops]
        controls = self._tokenizer.controls.values()
        text = self._tokenizer.decode([t for t in ids[: ends[0] if ends else None] if t not in controls])
        return Said(text, opened=prompt.opened, cut=not ends, prompt_tokens=len(prompt.ids))


def common_prefix(prompts: Sequence[Ids]) -> int:
    """Length of what all begin with, leaving at least one token of each; 0 for a single prompt."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)
    length = 0
    while length < len(first) - 1 and length < len(last) - 1 and first[length] == last[length]:
        length += 1
    return length
