"""`make kill`: every story killed before and after each of its distinct writes, and what the seed adds.

Lives play side by side in namespaces of one control plane. Writes `build/reports/kill.json` and, for machines
that read JUnit, `build/reports/kill.xml`. The exit code is 1 when a life did not end well; `--seed` and
`--only` play it again.
"""

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kill import sweep
from kill.life import Life, Stage, Told
from kill.patience import PatientApi
from kill.report import Report, Result
from kill.stories import STORIES
from kill.sweep import Case
from sluice_api.crdgen.files import CHECKOUT
from sluice_localcluster import ControlPlane, User
from support.operator_process import OPERATOR

OUTAGES = 3
"""More of them would try the patience of the cluster's own controllers, which wait longer after each."""
OUTAGE_SECONDS = 3.0
CALM_SECONDS = 15.0


@dataclass
class Sweep:
    """Everything that is told, on one stage."""

    stage: Stage
    report: Report
    pool: ThreadPoolExecutor
    only: str = ""
    unbroken: dict[str, Told] = field(default_factory=dict)
    planned: int = 0

    def tell_unbroken(self, stories: Iterable[str]) -> None:
        """The life of each story that all others are compared with."""
        names = list(stories)
        for story, told in zip(
            names, self.pool.map(lambda s: Life(self.stage, s).tell(), names), strict=True
        ):
            self.unbroken[story] = told
            counts = {"seconds": told.seconds, "writes": len(told.writes), "distinct": len(set(told.writes))}
            self.report.unbroken[story] = counts

    def tell(self, cases: Iterable[Case]) -> None:
        """Tell all of them, as many at a time as there are lanes."""
        chosen = [case for case in cases if self.only in case.name]
        self.planned += len(chosen)
        for result in self.pool.map(self._tell, chosen):
            self.report.results.append(result)
            done = f"{len(self.report.results)} of {self.planned}"
            print(f"{done}: {result.name}: {result.broken or 'good'}", file=sys.stderr)  # noqa: T201

    def _tell(self, case: Case) -> Result:
        started = time.monotonic()
        broken = ""
        try:
            case.tell(self.stage, self.unbroken[case.story])
        except Exception as error:
            # One life that went wrong must not hide what the others find.
            broken = f"{type(error).__name__}: {error}"
        return Result(case.story, case.fault, case.name, time.monotonic() - started, broken)


def main() -> int:
    """Tell everything and report."""
    given = _parse()
    # Whoever is told to end takes the control plane along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    report, started = Report(given.seed), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="sluice-kill-") as folder,
        _plane(Path(folder) / "plane") as plane,
        ThreadPoolExecutor(given.lanes) as pool,
    ):
        stage = Stage(PatientApi(plane), plane.kubeconfig_for(OPERATOR), Path(folder))
        told = Sweep(stage, report, pool, given.only)
        told.tell_unbroken(given.stories)
        told.tell(case for s in given.stories for case in sweep.kills(s, told.unbroken[s], given.seed))
        told.tell(case for s in given.stories for case in sweep.samples(s, told.unbroken[s], given.seed))
        with _outages(plane):
            told.tell(sweep.outages(given.stories, given.seed))
    report.minutes = (time.monotonic() - started) / 60
    report.write(given.reports)
    print(report.text())  # noqa: T201
    return 1 if report.broken or not report.results else 0


@contextmanager
def _plane(folder: Path) -> Iterator[ControlPlane]:
    users = [User(OPERATOR, ("system:masters",))]
    with ControlPlane(folder, audit=False, users=users) as plane:
        for file in sorted((CHECKOUT / "crds").glob("*.yaml")):
            plane.kubectl("create", "-f", str(file))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        yield plane


@contextmanager
def _outages(plane: ControlPlane) -> Iterator[None]:
    """Stop the API server a few times while the block runs."""
    stop = threading.Event()

    def disturb() -> None:
        for _ in range(OUTAGES):
            if stop.wait(CALM_SECONDS):
                return
            plane.stop_apiserver()
            time.sleep(OUTAGE_SECONDS)
            plane.start_apiserver()

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m kill", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=6, help="lives at a time")
    parser.add_argument("--stories", nargs="+", choices=list(STORIES), default=list(STORIES))
    parser.add_argument("--only", default="", help="a part of the names of the lives to tell")
    parser.add_argument("--reports", type=Path, default=Path("build/reports"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
