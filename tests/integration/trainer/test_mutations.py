"""A few of the mutations of `make mutations`, and that their harness notices what is wrong."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from mutations import life
from mutations.__main__ import Bench
from mutations.changes import links

SEED, COUNT = 1, 12


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench.make(tmp_path_factory.mktemp("mutations"))


def test_each_mutation_is_refused_with_a_reason_or_comes_to_its_evaluation(bench: Bench) -> None:
    found = [bench.try_one(SEED, number) for number in range(COUNT)]
    assert [one for one in found if one.broken] == []
    assert {one.stage for one in found} >= {"import", "prepare", "done"}


def nothing(random: Random, folder: Path) -> str:
    return "nothing"


@pytest.mark.parametrize("change", [nothing, links.link_inside])
def test_a_model_that_is_right_comes_to_its_evaluation(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, change: Callable[[Random, Path], str]
) -> None:
    monkeypatch.setattr("mutations.__main__.mutate", change)
    for number in (0, 1):
        found = bench.try_one(SEED, number)
        assert (found.stage, found.broken) == ("done", False), found


def test_code_that_runs_and_a_crash_are_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def reads_outside(model: Path, *_: object) -> life.Told:
        (model.parent / "outside" / "config.json").read_bytes()
        (model.parent / "outside" / "ran").touch()
        raise SystemError

    monkeypatch.setattr(life, "live", reads_outside)
    found = bench.try_one(SEED, 0)
    assert found.broken
    assert "code ran" in found.trespasses
