"""The bench of the operator runs, on the smallest room; how long anything takes is never judged in tests."""

import json
from pathlib import Path

from bench.operators.figures import Figure, quantile, table
from bench.operators.measure import Bench, Sizes
from sluice_localcluster import ControlPlane
from support.simcluster import NAMESPACE

SMALLEST = Sizes(teams=(1,), samples=1, starts=1, resyncs=1)


def test_the_bench_measures_every_arm(plane: ControlPlane, tmp_path: Path) -> None:
    bench = Bench(plane, tmp_path, SMALLEST, namespaces=(NAMESPACE,))
    figures = bench.run()
    assert {figure.unit for figure in figures} == {"ms", "MiB", "s"}
    assert all(figure.ours > 0 and figure.peer > 0 for figure in figures)
    assert {name: sorted(found) for name, found in bench.samples.items()} == {
        "reaction_ms_10": ["floor", "ours", "peer"],
        "restart_seconds_10": ["ours", "peer"],
    }
    told = json.loads(json.dumps([figure.dump() for figure in figures]))
    assert sum(figure["target"] is not None for figure in told) == 5


def test_a_missed_target_is_told() -> None:
    missed, met = Figure("a", "ms", 3, 2, floor=1, target=2), Figure("b", "ms", 2, 2, target=2)
    assert (missed.holds, met.holds) == (False, True)
    assert missed.dump()["ours_to_floor"] == 3
    head, first, second = table([missed, met]).splitlines()
    assert head.split()[1:4] == ["ours", "peer", "floor"]
    assert (first.split()[-1], second.split()[-1]) == ("MISS", "pass")


def test_a_quantile_is_a_measured_value() -> None:
    values = [float(x) for x in range(1, 201)]
    assert [quantile(values, share) for share in (0.5, 0.99, 1.0)] == [100, 198, 200]
    assert quantile([7.0], 0.5) == 7
