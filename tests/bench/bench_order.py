"""Choosing the sequences of steps: a permutation per epoch against one per place; prints one JSON object.

    python tests/bench/bench_order.py [--sequences 200000] [--batch 256] [--steps 3]

Both arms run in turn in one process and must choose the same sequences.
"""

import argparse
import json
import statistics
import time

import numpy as np

from sluice_trainer.training.batches import Order


def anew(order: Order, step: int) -> list[int]:
    """The same choice with the permutation drawn for every place."""
    places = range(step * order.per_step, (step + 1) * order.per_step)
    epochs = (divmod(place, order.packs) for place in places)
    return [
        int(np.random.default_rng([order.seed, epoch]).permutation(order.packs)[within])
        for epoch, within in epochs
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=3)
    given = parser.parse_args()
    order = Order(given.sequences, 42, given.batch)
    seconds: dict[str, list[float]] = {"once": [], "anew": []}
    for step in range(given.steps):
        started = time.perf_counter()
        once = order.of_step(step)
        between = time.perf_counter()
        if once != anew(order, step):
            raise SystemExit(f"step {step} differs")
        seconds["once"].append(between - started)
        seconds["anew"].append(time.perf_counter() - between)
    ratios = [slow / fast for slow, fast in zip(seconds["anew"], seconds["once"], strict=True)]
    medians = {f"seconds_{name}": statistics.median(values) for name, values in seconds.items()}
    print(json.dumps(vars(given) | medians | {"ratio": statistics.median(ratios)}, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
