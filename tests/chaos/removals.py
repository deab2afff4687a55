"""`python -m chaos.removals`: takes out one rule of promotion after the other, and shows what notices.

Each rule is taken out in a process of its own: random walks are tried first, then the stories, then the tests
of planners. A rule that nothing misses is either proven by nobody, which is an error, or listed here with the
reason why nothing can miss it.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos.kills import STORIES, Story, outcome
from chaos.rules import RULES, Rule
from chaos.walk import draw, replay

WALKS, STEPS = 10, 300
PLANS = "tests/unit/operator/plans"
TESTS = tuple(f"{PLANS}/test_{name}*.py" for name in ("promotion", "drift", "ledger", "approval", "story"))
ENVIRONMENT = "SLUICE_WITHOUT_RULE"

UNMISSED: dict[str, str] = {}
"""Rules whose absence nothing can notice, each with the reason."""


@contextmanager
def without(rule: Rule) -> Iterator[None]:
    """The planner with one rule less."""
    with pytest.MonkeyPatch.context() as patch:
        rule[2](patch)
        yield


def find(name: str) -> Rule:
    """A rule by its name."""
    return next(rule for rule in RULES if rule[0] == name)


def who_misses(name: str) -> tuple[str, str]:
    """Name of a rule, and what notices that it is gone; empty when nothing does."""
    with without(find(name)):
        missed = _walks()
    if missed:
        return name, missed
    expected = {story: outcome(Story(steps).play()) for story, steps in STORIES.items()}
    with without(find(name)):
        return name, _stories(expected) or _tests(name)


def _walks() -> str:
    for seed in range(WALKS):
        try:
            walked = replay(draw(seed, STEPS))
        except Exception as error:
            return f"walk {seed}: {type(error).__name__}: {error}"
        if walked.violation is not None:
            return f"walk {seed}, step {walked.steps}: {walked.violation}"
    return ""


def _stories(expected: dict[str, dict[str, object]]) -> str:
    for story, steps in STORIES.items():
        try:
            ended = outcome(Story(steps).play())
        except Exception as error:
            return f"story {story}: {type(error).__name__}: {error}"
        if ended != expected[story]:
            return f"story {story}"
    return ""


def _tests(name: str) -> str:
    """The first test that fails, in a process that takes the same rule out."""
    command = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "chaos.removed", "--no-header", *_files())
    environment = {**os.environ, ENVIRONMENT: name}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    failed = (line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR")))
    return next(failed, "").partition(" - ")[0] if done.returncode else ""


def _files() -> list[str]:
    return [str(found) for pattern in TESTS for found in sorted(Path().glob(pattern))]


def main() -> int:
    """Take them out, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m chaos.removals", description=__doc__)
    parser.add_argument("--rule", action="append", help="only this one; may be given again")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    names = given.rule or [rule[0] for rule in RULES]
    unproven = 0
    with ProcessPoolExecutor(given.processes, max_tasks_per_child=1) as pool:
        for done in as_completed([pool.submit(who_misses, name) for name in names]):
            name, missed = done.result()
            told = missed or f"nothing can: {UNMISSED[name]}" if missed or name in UNMISSED else "NOBODY"
            unproven += (not missed) != (name in UNMISSED)
            print(f"{name:<24}{find(name)[1]:<62}{told[:140]}", flush=True)  # noqa: T201
    print(f"{len(names)} rules taken out one by one, {unproven} unproven")  # noqa: T201
    return min(1, unproven)


if __name__ == "__main__":
    sys.exit(main())
