"""What a pass of a gate and of a Deployment costs when the gate selects thousands of finished runs.

    PYTHONPATH=tests python -m bench.bench_crowd [--check]

Column `peer` is the same pass with a hundred runs, in the same process. Times are of the processor: a
pass waits for nothing. Prints a table and writes `build/bench/crowd.json`. With --check, a missed target ends
with exit 1.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from bench.operators.figures import Figure, machine_facts, quantile, table
from sluice_api.crdgen.files import CHECKOUT
from sluice_operator.model import Key
from support.crowd import GATE, LIVE, Crowd

REPORT = CHECKOUT / "build" / "bench" / "crowd.json"
FEW, PASSES, PASS_MS = 100, 100, 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 when a target is missed and that was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5000, help="finished runs that the gate selects")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    arguments = parser.parse_args(argv)
    facts = machine_facts()
    figures = list(measure(_settled(arguments.runs), _settled(FEW), arguments.runs))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    report = {"bench": "crowd", "machine": facts, "figures": [figure.dump() for figure in figures]}
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    sys.stdout.write(f"{table(figures)}\nmachine: {json.dumps(facts)}\n")
    return int(arguments.check and not all(figure.holds for figure in figures))


def measure(many: Crowd, few: Crowd, runs: int) -> Iterator[Figure]:
    """Passes among many runs beside passes among few."""
    for key in (GATE, LIVE):
        ours, peer = _passes(many, key), _passes(few, key)
        name = f"pass of {key.kind}, {runs} runs beside {FEW}"
        yield Figure(f"{name}, median", "ms", quantile(ours, 0.5), quantile(peer, 0.5), target=PASS_MS)
        yield Figure(f"{name}, p99", "ms", quantile(ours, 0.99), quantile(peer, 0.99))
    ours, peer = _passes(many, LIVE, _finish), _passes(few, LIVE, _finish)
    yield Figure(
        "pass of Deployment after a run finished, median", "ms", quantile(ours, 0.5), quantile(peer, 0.5)
    )
    ours, peer = ([float(len(c.change("TrainingRun", "run", status={"step": 1})))] for c in (many, few))
    yield Figure("objects woken by a progress write", "number", ours[0], peer[0], target=1)


def _settled(runs: int) -> Crowd:
    crowd = Crowd(runs)
    while crowd.cache.settle(runs):
        pass
    return crowd


def _passes(crowd: Crowd, key: Key, before: Callable[[Crowd], object] = lambda _: None) -> list[float]:
    crowd.plan(key)
    found = []
    for _ in range(PASSES):
        before(crowd)
        started = time.thread_time()
        crowd.plan(key)
        found.append(1000 * (time.thread_time() - started))
    return found


def _finish(crowd: Crowd) -> None:
    """As if a run had just finished: it leaves the selection, and joins it again."""
    crowd.change("TrainingRun", "run", metadata={"labels": {}})
    crowd.observe(LIVE)
    crowd.change("TrainingRun", "run")


if __name__ == "__main__":
    sys.exit(main())
