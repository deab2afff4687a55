"""How the operator reacts, what it weighs and how soon it is back, on a real control plane beside a peer.

    PYTHONPATH=localcluster/src:tests python -m bench.bench_operator [--check]

Prints a table and writes `build/bench/operator.json`. With --check, a missed target ends with exit 1. The
peer is the shortest kopf operator that makes a Job; the floor is a client that makes the Job itself.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.operators.figures import Figure, machine_facts, table
from bench.operators.measure import Bench, Sizes
from sluice_api.crdgen.files import CHECKOUT
from sluice_localcluster import ControlPlane, User
from support.operator_process import OPERATOR

REPORT = CHECKOUT / "build" / "bench" / "operator.json"
SPARE_CORES = 0.5
"""Load before the bench, per core, above which figures are upper bounds."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 when a target is missed and that was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=Sizes.samples, help="reactions of each arm")
    parser.add_argument("--starts", type=int, default=Sizes.starts, help="restarts of each operator")
    parser.add_argument(
        "--teams",
        type=int,
        nargs="+",
        default=Sizes.teams,
        help="teams of ten objects, one step after another",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    arguments = parser.parse_args(argv)
    sizes = Sizes(tuple(arguments.teams), arguments.samples, arguments.starts)
    facts = machine_facts()
    users = [User(OPERATOR, ("system:masters",))]
    with (
        tempfile.TemporaryDirectory() as work,
        ControlPlane(Path(work) / "plane", audit=False, users=users) as plane,
    ):
        for file in sorted((CHECKOUT / "crds").glob("*.yaml")):
            plane.kubectl("create", "-f", str(file))
        bench = Bench(plane, Path(work), sizes)
        figures = bench.run()
        facts["kubernetes"] = json.loads(plane.kubectl("version", "--output=json"))["serverVersion"][
            "gitVersion"
        ]
    _tell(figures, facts, bench)
    return int(arguments.check and not all(figure.holds for figure in figures))


def _tell(figures: Sequence[Figure], facts: dict[str, Any], bench: Bench) -> None:
    facts["load_after"] = round(os.getloadavg()[0], 2)
    is_busy = facts["load_before"] > facts["cores"] * SPARE_CORES
    report = {
        "bench": "operator",
        "machine": facts,
        "upper_bounds": is_busy,
        "figures": [figure.dump() for figure in figures],
        "samples": bench.samples,
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    note = "\nthe machine was busy: figures are upper bounds" if is_busy else ""
    sys.stdout.write(f"{table(figures)}\nmachine: {json.dumps(facts)}{note}\n")


if __name__ == "__main__":
    sys.exit(main())
