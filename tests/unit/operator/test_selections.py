"""The index of finished runs says what a plain scan of everything would say, whatever came before."""

import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sluice_api.hashing import digest_of
from sluice_operator.cache import Cache, Snapshot
from sluice_operator.facts.run import run_facts
from sluice_operator.finished import FinishedRuns, RunFacts, age_of
from sluice_operator.kinds import Kind
from sluice_operator.model import Key
from sluice_operator.views import View, view_of
from support import objects

EXAMPLES = int(os.environ.get("SLUICE_EXAMPLES", "300"))
SELECTORS: dict[str, dict[str, str]] = {"all": {"t": "a"}, "both": {"t": "a", "u": "b"}, "none": {"x": "y"}}
NAMES = st.sampled_from(["r1", "r2", "r3", "r4"])
LABELS = st.fixed_dictionaries({}, optional={"t": st.sampled_from("ab"), "u": st.sampled_from("ab")})
TIMES = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-13-01T00:00:00Z"])
EVENTS = st.one_of(
    st.tuples(st.just("run"), NAMES, LABELS),
    st.tuples(st.just("progress"), NAMES),
    st.tuples(st.just("finish"), NAMES, TIMES, st.integers(0, 2)),
    st.tuples(st.just("unfinish"), NAMES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("gate"), st.sampled_from(list(SELECTORS)), st.sampled_from(list(SELECTORS))),
    st.tuples(st.just("drop gate"), st.sampled_from(list(SELECTORS))),
    st.tuples(st.just("relist"), st.sampled_from(["TrainingRun", "ControllerRevision"]), st.booleans()),
    st.tuples(st.just("look")),
    st.tuples(st.just("settle")),
)


def prepared(completed_at: str, number: int) -> dict[str, Any]:
    """A prepare stage that adopted an artifact: with it a run is finished."""
    artifact = {
        "uri": f"package/{number}",
        "digest": digest_of(number),
        "sizeBytes": 1,
        "contextLength": 1,
        "dtype": "float32",
        "parameters": 1,
        "completedAt": completed_at,
    }
    place = {"uri": "x", "digest": digest_of("x")}
    report = {"fingerprint": "0" * 64, "base": place, "dataset": place, "artifact": artifact}
    return {
        "record": "stage",
        "stage": "prepare",
        "requestHash": "0" * 64,
        "attempt": 1,
        "outcome": "Succeeded",
        "reason": "prepared",
        "report": report,
        "startedAt": "2026-01-01T00:00:00Z",
        "finishedAt": "2026-01-01T00:00:00Z",
    }


class Rig:
    """A cache, and what the API server holds."""

    def __init__(self) -> None:
        self.cache = Cache()
        self.held: dict[tuple[Kind, str], dict[str, Any]] = {}
        self.version = 0
        self.uids = 0
        for name in SELECTORS:
            self.gate(name, name)

    def put(self, kind: Kind, name: str, data: dict[str, Any]) -> None:
        self.version += 1
        data["metadata"]["resourceVersion"] = str(self.version)
        self.held[kind, name] = data
        self.cache.put(kind, view_of(kind, data))

    def do(self, event: tuple[Any, ...]) -> None:
        getattr(self, event[0].replace(" ", "_"))(*event[1:])

    def run(self, name: str, labels: dict[str, str]) -> None:
        old = self.held.get(("TrainingRun", name))
        self.uids += old is None
        number = int(old["metadata"]["uid"][-12:]) if old else self.uids
        self.put("TrainingRun", name, objects.resource("TrainingRun", name, number=number, labels=labels))

    def progress(self, name: str) -> None:
        old = self.held.get(("TrainingRun", name))
        if old is not None:
            self.put("TrainingRun", name, {**old, "metadata": dict(old["metadata"]), "status": {"a": 1}})

    def finish(self, name: str, at: str, number: int) -> None:
        run = self.held.get(("TrainingRun", name))
        owner = int(run["metadata"]["uid"][-12:]) if run else 999
        self.uids += 1
        record = objects.revision(
            f"{name}-record",
            ("TrainingRun", name),
            prepared(at, number),
            owner_number=owner,
            number=self.uids,
        )
        self.put("ControllerRevision", f"{name}-record", record)

    def unfinish(self, name: str) -> None:
        self._remove("ControllerRevision", f"{name}-record")

    def delete(self, name: str) -> None:
        self._remove("TrainingRun", name)

    def gate(self, name: str, selector: str) -> None:
        spec = {"candidates": {"selector": {"matchLabels": SELECTORS[selector]}}}
        self.uids += 1
        self.put("EvalGate", name, objects.resource("EvalGate", name, spec, number=self.uids))

    def drop_gate(self, name: str) -> None:
        self._remove("EvalGate", name)

    def relist(self, kind: Kind, restored: bool) -> None:
        """A list after a gap in which one object was lost; or after a restore from the past."""
        began = self.cache.begin_list()
        here = [place for place in self.held if place[0] == kind]
        for place in here[:1]:
            del self.held[place]
        views = tuple(view_of(kind, data) for (k, _), data in self.held.items() if k == kind)
        newest = max(map(_version, views), default=1) if restored else self.version
        self.cache.replace(Snapshot(kind, None, newest, began, views))

    def look(self) -> None:
        self.check()

    def settle(self) -> None:
        self.cache.settle(1)

    def _remove(self, kind: Kind, name: str) -> None:
        gone = self.held.pop((kind, name), None)
        if gone is not None:
            self.cache.remove(kind, view_of(kind, gone))

    def scan(self, selector: dict[str, str]) -> list[RunFacts]:
        """Everything is looked at, nothing is remembered."""
        keys = self.cache.keys()
        every = [self.cache.related(k) for k in keys if k.kind == "TrainingRun"]
        chosen = [r for r in every if r and selector.items() <= r.resource.meta.labels.items()]
        found = [facts for r in chosen if (facts := run_facts(r))]
        return sorted(found, key=age_of, reverse=True)

    def check(self) -> None:
        every = self.cache.keys()
        keys = [key for key in every if key.kind == "EvalGate"]
        told = self.cache.finished(keys)
        assert set(told) == set(keys)
        for key, runs in told.items():
            gate = self.cache.resource(key)
            assert gate is not None
            wanted = self.scan(gate.spec["candidates"]["selector"]["matchLabels"])
            assert list(runs.newest_first) == wanted
            for facts in wanted:
                digest = facts.artifact.digest
                assert list(runs.made(digest)) == [f for f in wanted if f.artifact.digest == digest]


def _version(view: View) -> int:
    return int(view.meta.resource_version)


@settings(max_examples=EXAMPLES)
@given(st.lists(EVENTS, max_size=30))
def test_the_index_equals_a_plain_scan(events: list[tuple[Any, ...]]) -> None:
    rig = Rig()
    for event in events:
        rig.do(event)
    rig.check()


def test_an_answer_stays_as_it_was_given() -> None:
    rig = Rig()
    rig.run("r1", {"t": "a"})
    rig.finish("r1", "2026-01-01T00:00:00Z", 0)
    gate = Key("team", "EvalGate", "all")
    before = rig.cache.finished([gate])[gate]
    rig.delete("r1")
    assert [run.name for run in before.newest_first] == ["r1"]
    assert rig.cache.finished([gate])[gate] == FinishedRuns()
