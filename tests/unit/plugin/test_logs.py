"""Logs: which attempts there are, which one is meant, and what is said of it beside its log."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sluice_api.contracts.envelope import ExitCode
from sluice_operator.adapters.cluster.errors import Invalid
from sluice_operator.model import Key, Related, ResourceKind
from sluice_plugin.errors import Refused
from sluice_plugin.logs.attempts import Attempt, Wanted, attempts_in, pick
from sluice_plugin.logs.follow import follow, is_over, show
from support.quickstart import Stages, quickstart
from support.simcluster import SimCluster


def played(*faults: tuple[int, None, str]) -> SimCluster:
    cluster = quickstart(Stages(faults=list(faults)))
    cluster.settle()
    return cluster


def related_of(cluster: SimCluster, kind: ResourceKind, name: str) -> Related:
    found = cluster.cache.related(Key("team", kind, name))
    assert found is not None
    return found


def labels(found: tuple[Attempt, ...]) -> list[str]:
    return [attempt.label for attempt in found]


CRASH = (ExitCode.BUG, None, "stage_crashed")


def test_attempts_are_told_in_their_order_and_outlive_jobs_and_pods() -> None:
    cluster = played(CRASH)
    assert labels(attempts_in(related_of(cluster, "DatasetPack", "gold"))) == ["pack/1", "pack/2"]
    for name in [d["metadata"]["name"] for d in [*cluster.of("Job"), *cluster.of("Pod")]]:
        cluster.drop("Job", name)
        cluster.drop("Pod", name)
    left = attempts_in(related_of(cluster, "TrainingRun", "good"))
    assert labels(left) == ["prepare/1", "train/1", "package/1"]
    assert not any(attempt.pods for attempt in left)


def test_the_newest_attempt_is_meant_unless_another_is_named() -> None:
    found = attempts_in(related_of(played(CRASH), "DatasetPack", "gold"))
    assert pick(found, Wanted(), previous=False).number == 2
    assert pick(found, Wanted(), previous=True).number == 1
    assert pick(found, Wanted("pack", 1), previous=False).number == 1
    with pytest.raises(Refused, match="there are: pack/1, pack/2"):
        pick(found, Wanted("train"), previous=False)
    with pytest.raises(Refused, match="first attempt"):
        pick(found[:1], Wanted(), previous=True)


@dataclass
class Source:
    """The states of an object, one per look, and one line per Pod."""

    states: list[Related]
    refused: bool = False
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def related(self) -> Related | None:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def log(self, pod: str, container: str, *, follow: bool) -> Iterator[str]:
        if self.refused:
            raise Invalid(400, "container is waiting to start")
        self.asked.append((container, follow))
        yield f"hello from {pod}"


def test_following_goes_from_stage_to_stage_until_the_object_is_finished() -> None:
    cluster = quickstart()
    states: list[Related] = []
    while not states or not is_over(states[-1]):
        cluster.settle(rounds=1)
        states.append(related_of(cluster, "TrainingRun", "good"))
    told: list[str] = []
    source = Source(states)
    assert follow(source, Wanted(), told.append, wait=lambda _: None)
    spoken = [line.split(" |")[0] for line in told if "hello" in line]
    assert spoken == ["prepare/1", "train/1", "package/1"]
    assert set(source.asked) == {("stage", True)}
    assert told[0].startswith("no stage of TrainingRun good has begun; ReferenceNotReady")
    assert sum("Succeeded: StageSucceeded" in line for line in told) == 3


def test_following_a_failure_to_its_end_says_so() -> None:
    cluster = played(*[(ExitCode.INPUT_WRONG, None, "no_usable_rows")] * 2)
    told: list[str] = []
    assert not follow(Source([related_of(cluster, "DatasetPack", "gold")]), Wanted(), told.append)
    assert "NoUsableRows" in " ".join(told)
    assert told[-1].startswith("pack/1 # next: Correct the rows as the codes say")


def test_a_pod_that_is_gone_leaves_its_record() -> None:
    cluster = played()
    for pod in [d["metadata"]["name"] for d in cluster.of("Pod")]:
        cluster.drop("Pod", pod)
    told: list[str] = []
    run = related_of(cluster, "TrainingRun", "good")
    show(Source([run]), Wanted("train"), told.append, previous=False)
    text = "\n".join(told)
    for part in ("are gone", "Succeeded: StageSucceeded", '"steps": 60', "report.json"):
        assert part in text


def test_a_log_that_cannot_be_had_is_told_with_its_cause() -> None:
    run = related_of(played(), "TrainingRun", "good")
    told: list[str] = []
    show(Source([run], refused=True), Wanted(), told.append, previous=False)
    assert told[-1] == "package/1 # no log: container is waiting to start"


def test_what_has_not_begun_says_what_it_waits_for() -> None:
    related = related_of(quickstart(), "TrainingRun", "good")
    with pytest.raises(Refused, match="has not seen it"):
        show(Source([related]), Wanted(), print, previous=False)


def test_an_object_with_a_newer_spec_is_not_over() -> None:
    cluster = played()
    assert is_over(related_of(cluster, "EvalGate", "gate"))
    gate = cluster.get("EvalGate", "gate")
    assert gate is not None
    cluster.add("EvalGate", "gate", gate["spec"] | {"maxParallel": 2})
    assert not is_over(related_of(cluster, "EvalGate", "gate"))
