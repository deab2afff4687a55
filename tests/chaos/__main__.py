"""`make chaos`: hundreds of thousands of random steps, and kills after every write, with a report.

Writes `build/reports/chaos.json` and, for machines that read JUnit, `build/reports/chaos.xml`. A broken walk
is printed short, with what replays it; then the exit code is 1.
"""

import argparse
import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from xml.sax.saxutils import quoteattr

from chaos.kills import STORIES, Story, outcome
from chaos.walk import Walked, describe, draw, replay, shrink

STEPS_OF_A_WALK = 500
MOST_FAILURES = 5


@dataclass
class Report:
    """What all walks together did."""

    seed: int
    steps: int = 0
    minutes: float = 0.0
    events: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, object]] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    """Kills in each story that ended like the unbroken one."""

    def take(self, seed: int, walked: Walked) -> None:
        """Count one walk."""
        self.steps += walked.steps
        self.events.update(walked.counts)
        if walked.violation is not None:
            self.failures.append({"seed": seed, "step": walked.steps, "what": str(walked.violation)})

    def text(self) -> str:
        """The report for people."""
        rows = [f"  {name:<18}{count:>9}" for name, count in sorted(self.events.items())]
        head = f"chaos: seed {self.seed}, {self.steps} steps in {self.minutes:.1f} minutes"
        broken = [f"  BROKEN {failure}" for failure in self.failures]
        killed = [f"  {story}: {number} kills, one after each write" for story, number in self.kills.items()]
        told = ["stories that ended like the unbroken one:", *killed]
        return "\n".join([head, "events by kind, and the operators' writes:", *rows, *told, *broken])


def walk(seed: int) -> tuple[int, Walked]:
    """One walk of the long form."""
    return seed, replay(draw(seed, STEPS_OF_A_WALK))


def kill(task: tuple[str, int]) -> tuple[str, int, bool]:
    """Whether a story with a kill after some write ends like the unbroken one."""
    story, number = task
    return story, number, outcome(Story(STORIES[story], number).play()) == unbroken(story)[1]


@cache
def unbroken(story: str) -> tuple[int, dict[str, object]]:
    """Writes and end of a story that nobody disturbs."""
    played = Story(STORIES[story]).play()
    return played.writes, outcome(played)


def kill_everywhere(report: Report, pool: ProcessPoolExecutor) -> None:
    """Every story, killed after each of its writes."""
    tasks = [(story, n) for story in STORIES for n in range(1, unbroken(story)[0] + 1)]
    for story, number, same in pool.map(kill, tasks, chunksize=8):
        if same:
            report.kills[story] = report.kills.get(story, 0) + 1
        else:
            report.failures.append({"what": f"{story}: another end after a kill at write {number}"})


def run(seed: int, steps: int, processes: int) -> Report:
    """Kill everywhere, then walk until there were that many steps, or too many failures."""
    report, started = Report(seed), time.monotonic()
    seeds = range(seed, seed + -(-steps // STEPS_OF_A_WALK))
    with ProcessPoolExecutor(processes) as pool:
        kill_everywhere(report, pool)
        for number, (walked_seed, walked) in enumerate(pool.map(walk, seeds, chunksize=4)):
            report.take(walked_seed, walked)
            if walked.violation is not None:
                print(f"BROKEN {report.failures[-1]}", file=sys.stderr)  # noqa: T201
            if number % 20 == 19:
                print(f"{report.steps} steps, {len(report.failures)} broken", file=sys.stderr)  # noqa: T201
            if len(report.failures) >= MOST_FAILURES:
                pool.shutdown(cancel_futures=True)
                break
    report.minutes = (time.monotonic() - started) / 60
    return report


def write(report: Report, folder: Path) -> None:
    """The report for machines."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chaos.json").write_text(json.dumps(vars(report), indent=1) + "\n")
    broken = "".join(f"<failure message={quoteattr(str(f['what']))}/>" for f in report.failures[:1])
    case = f'<testcase name="{report.steps} steps of seed {report.seed}" time="{report.minutes * 60:.0f}">'
    counts = f'tests="1" failures="{len(report.failures[:1])}"'
    (folder / "chaos.xml").write_text(
        f'<testsuite name="chaos" {counts}>{case}{broken}</testcase></testsuite>\n'
    )


def main() -> int:
    """Run, report, and shorten the first broken walk."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=300_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--reports", type=Path, default=Path("build/reports"))
    given = parser.parse_args()
    report = run(given.seed, given.steps, given.processes)
    write(report, given.reports)
    print(report.text())  # noqa: T201
    if not report.failures:
        return 0
    seeds = [int(str(f["seed"])) for f in report.failures if "seed" in f]
    walked = walk(seeds[0])[1] if seeds else Walked()
    if walked.violation is not None:
        short = replay(shrink(walked.trace, walked.violation.name))
        print(describe(short))  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
