"""Thousands of finished runs: who is woken by what, and how few of them a pass looks at."""

from collections.abc import Iterator
from typing import Any

import pytest

from sluice_operator.cache import Cache
from sluice_operator.finished import FinishedRuns
from sluice_operator.model import Key
from support.crowd import GATE, LIVE, Crowd
from support.simcluster import NAMESPACE

RUN = Key(NAMESPACE, "TrainingRun", "run")
MANY = 5000
FEW = 40
"""Runs that a pass may look at: a gate's ten newest, the live one, and those with verdicts."""


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    found = Crowd(MANY)
    while found.cache.settle(500):
        pass
    return found


def test_progress_wakes_the_run_and_nobody_else(crowd: Crowd) -> None:
    told = {"progress": {"step": 3, "totalSteps": 60}, "conditions": []}
    assert crowd.change("TrainingRun", "run", status=told) == {RUN}


def test_a_status_wakes_nobody_else_whatever_the_kind(crowd: Crowd) -> None:
    assert crowd.change("DatasetPack", "gold", status={"phase": "Packing"}) == {
        Key(NAMESPACE, "DatasetPack", "gold")
    }
    assert crowd.change("EvalGate", GATE.name, status={"phase": "Evaluating"}) == {GATE}


@pytest.mark.parametrize(
    "news",
    [
        {"metadata": {"labels": {"task": "triage", "tier": "gold"}}},
        {"metadata": {"annotations": {"sluice.dev/note": "x"}}},
        {"metadata": {"deletionTimestamp": "2026-01-02T00:00:00Z"}},
        {"spec": {"datasetRef": {"name": "gold"}}},
    ],
)
def test_what_others_decide_from_wakes_them(crowd: Crowd, news: dict[str, Any]) -> None:
    assert crowd.change("TrainingRun", "run", **news) == {RUN, GATE, LIVE}


def test_a_record_wakes_those_who_refer_to_its_run(crowd: Crowd) -> None:
    record = crowd.cluster.of("ControllerRevision")
    name = next(r["metadata"]["name"] for r in record if r["metadata"]["name"].startswith("run-package"))
    assert crowd.change("ControllerRevision", name) == {RUN, GATE, LIVE}


@pytest.mark.parametrize("key", [GATE, LIVE])
def test_a_pass_looks_at_few_of_many_runs(crowd: Crowd, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = _count_looks(monkeypatch)
    crowd.change("TrainingRun", "run", status={"phase": "Ready"}, metadata={})
    assert len(crowd.observe(key).finished[GATE].newest_first) == MANY + 1
    looked.clear()
    crowd.plan(key)
    assert 0 < len(looked) <= FEW


class _Counted(tuple[Any, ...]):
    """Notes what is taken out of it."""

    __slots__ = ()
    looked: list[object]

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            self.looked.append(item)
            yield item


def _count_looks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every object that is put together and every finished run that is gone through, from now on."""
    looked: list[object] = []
    build, told = Cache.related, Cache.finished
    monkeypatch.setattr(_Counted, "looked", looked, raising=False)

    def related(cache: Cache, key: Key) -> Any:
        looked.append(key)
        return build(cache, key)

    def finished(cache: Cache, keys: Any) -> Any:
        return {k: _counting(runs) for k, runs in told(cache, keys).items()}

    monkeypatch.setattr(Cache, "related", related)
    monkeypatch.setattr(Cache, "finished", finished)
    return looked


def _counting(runs: FinishedRuns) -> FinishedRuns:
    return FinishedRuns(_Counted(runs.newest_first), runs.by_digest)
