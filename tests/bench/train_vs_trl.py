"""Full fine-tuning on CPU, ours against TRL's, interleaved in one process; prints one JSON object.

    python tests/bench/train_vs_trl.py [--rounds 5] [--steps 8] [--threads 2]

A Llama of 10.5 million weights, packs of up to 512 tokens with log-normal documents, four packs per step,
float32. Every round runs both arms from the same weights on the same packs; a ratio counts only when the
losses are equal. On a busy machine, one thread and the ratio of processor time say more than the clock.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from sluice_api.trainingrun import Hyperparameters
from sluice_trainer.data.shards import IGNORE, Document, Pack
from sluice_trainer.training.attention import DOCUMENTS
from sluice_trainer.training.device import usable_cpus
from support.training import pack
from support.trlpeer import Run, own_run, trl_run

VOCABULARY, LENGTH, PER_STEP = 8192, 512, 4
TOLERANCE = 1e-5


def new_model() -> LlamaForCausalLM:
    """The same weights each time."""
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=1024,
        num_hidden_layers=8,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=LENGTH,
        tie_word_embeddings=True,
        attn_implementation=DOCUMENTS,
    )
    torch.manual_seed(0)
    return LlamaForCausalLM(config).train()


def new_packs(count: int) -> list[Pack]:
    """Packs of documents that end in an answer, filled first come, first served."""
    chance = np.random.default_rng(0)
    packs: list[Pack] = []
    while len(packs) < count:
        documents: list[Document] = []
        left = LENGTH
        while left >= 16:
            size = min(left, max(16, int(chance.lognormal(4.9, 0.6))))
            ids = chance.integers(0, VOCABULARY, size, dtype=np.int32)
            labels = np.where(np.arange(size) < size // 2, IGNORE, ids).astype(np.int32)
            documents.append(Document(ids, labels))
            left -= size
        packs.append(pack(*documents))
    return packs


def compare(rounds: int, steps: Sequence[Sequence[Pack]]) -> dict[str, object]:
    """Ratios of ours to TRL's, paired by round."""
    hyper = Hyperparameters.parse({"learningRate": "1e-3"})
    pairs: list[tuple[Run, Run]] = []
    with tempfile.TemporaryDirectory() as work:
        own_run(new_model(), hyper, steps[:1])
        trl_run(new_model(), hyper, steps[:1], Path(work))
        for _ in range(rounds):
            ours = own_run(new_model(), hyper, steps)
            pairs.append((ours, trl_run(new_model(), hyper, steps, Path(work))))
    tokens = sum(len(p.ids) for packs in steps for p in packs)
    return {
        "model": "Llama, 10.5M weights, float32, CPU",
        "threads": torch.get_num_threads(),
        "tokens_per_run": tokens,
        "rounds": rounds,
        "load_at_end": os.getloadavg()[0],
        "max_relative_loss_difference": max(_difference(a, b) for a, b in pairs),
        "ours_tokens_per_s": _spread([tokens / a.seconds for a, _ in pairs]),
        "trl_tokens_per_s": _spread([tokens / b.seconds for _, b in pairs]),
        "speed_ratio": _spread([b.seconds / a.seconds for a, b in pairs]),
        "cpu_time_ratio": _spread([b.cpu_seconds / a.cpu_seconds for a, b in pairs]),
    }


def _difference(ours: Run, peers: Run) -> float:
    return max(abs(a - b) / abs(b) for a, b in zip(ours.losses, peers.losses, strict=True))


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, high = np.percentile(values, [10, 90])
    return {"median": statistics.median(values), "p10": float(low), "p90": float(high)}


def main() -> int:
    """Exit code 1 when the losses differ, because then the speeds say nothing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=usable_cpus())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    packs = new_packs(PER_STEP * arguments.steps)
    steps = [packs[i : i + PER_STEP] for i in range(0, len(packs), PER_STEP)]
    found = compare(arguments.rounds, steps)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return int(found["max_relative_loss_difference"] > TOLERANCE)  # type: ignore[operator]


if __name__ == "__main__":
    sys.exit(main())
