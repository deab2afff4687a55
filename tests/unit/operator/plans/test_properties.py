"""Properties of every planner: total, deterministic, idempotent, and never traffic without a Pass."""

import string
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluice_api.hashing import canonical_json
from sluice_operator.model import Key, Observed
from sluice_operator.plans import PLANNERS
from support.quickstart import (
    LABELS,
    SETTINGS,
    Stages,
    deployment_spec,
    gate_spec,
    pack_spec,
    quickstart,
    run_spec,
)
from support.simcluster import NAMESPACE, SimCluster

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

SPECS = {
    "DatasetPack": pack_spec("x"),
    "TrainingRun": run_spec(1),
    "EvalGate": gate_spec(),
    "Deployment": deployment_spec(),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.text(string.printable, max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def broken(spec: dict[str, Any], path: list[int], value: Any) -> dict[str, Any]:
    """The spec with one place, found by walking, replaced."""
    copy = deepcopy(spec)
    place: Any = copy
    for step in path:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = keys[step % len(keys)]
        if not isinstance(place[key], dict | list) or not place[key] or step % 5 == 0:
            place[key] = value
            break
        place = place[key]
    return copy


@QUICK
@given(
    kind=st.sampled_from(sorted(SPECS)), path=st.lists(st.integers(0, 9), min_size=1, max_size=4), value=JSON
)
def test_total_a_broken_spec_is_a_plan(kind: str, path: list[int], value: Any) -> None:
    cluster = SimCluster(SETTINGS, Stages())
    cluster.add(kind, "x", broken(SPECS[kind], path, value))
    plan = cluster.plan(Key(NAMESPACE, kind, "x"))  # type: ignore[arg-type]
    assert plan is not None
    assert plan.status is not None
    assert {c["type"] for c in plan.status["conditions"]} >= {"Ready", "Reconciling", "Stalled", "Suspended"}
    assert len(canonical_json(plan.status)) < 64_000


EVENTS = st.sampled_from(
    [
        "new run", "fail next", "crash next", "lose next", "oom next", "wait next", "break live", "heal all",
        "move selector", "drop service", "drop slot", "drop gate", "edit gate", "pause", "drop run",
        "drop job",
        "drop status", "rubbish phase", "serve shorter", "sleep", "replay service",
    ]
)  # fmt: skip
WALK = st.lists(st.tuples(EVENTS, st.integers(0, 5), st.none() | st.integers(0, 2)), min_size=1, max_size=14)


class Walk:
    """A cluster under random events, watched by the invariants after each write of the operator."""

    def __init__(self) -> None:
        self.failing: set[int] = set()
        self.runs = 1
        self.stages = Stages(verdict=self.judge)
        self.cluster = quickstart(self.stages)
        self.cluster.watch = self.check
        self.saved: dict[str, Any] | None = None
        self.passed: set[str] = set()

    def judge(self, digest: str) -> str:
        return "Fail" if int(digest[-1], 16) % 4 == 0 else "Pass"

    def check(self, cluster: SimCluster) -> None:
        """S1: traffic only where a Pass of this very digest stands sealed in the slot's revision."""
        records = {r["metadata"]["name"]: r["data"] for r in cluster.of("ControllerRevision")}
        self.passed |= {
            d["digest"] for d in records.values() if d.get("record") == "verdict" and d["verdict"] == "Pass"
        }
        verb, kind, name = cluster.writes[-1]
        if (verb, kind, name) == ("patch", "Service", "live"):
            slot = cluster.objects["Service", "live"]["spec"].get("selector", {}).get("sluice.dev/slot")
            if slot is not None:
                revision = records[slot]
                assert revision["sealedVerdict"]["verdict"] == "Pass"
                assert revision["sealedVerdict"]["digest"] == revision["artifact"]["digest"]
                assert revision["artifact"]["digest"] in self.passed
        active = [
            (j["metadata"]["labels"]["sluice.dev/owner"], j["metadata"]["labels"]["sluice.dev/stage"])
            for j in cluster.of("Job")
            if not j.get("status", {}).get("conditions")
            and j["metadata"]["labels"]["sluice.dev/owner-kind"] in ("DatasetPack", "TrainingRun")
        ]
        assert len(active) == len(set(active))

    def happen(self, event: str) -> None:
        getattr(self, f"_{event.replace(' ', '_')}")()

    def _new_run(self) -> None:
        self.runs += 1
        self.cluster.sleep(60)
        self.cluster.add("TrainingRun", f"run{self.runs}", run_spec(self.runs), LABELS)

    def _fail_next(self) -> None:
        self.stages.faults.append((64, None, "source_not_found"))

    def _crash_next(self) -> None:
        self.stages.faults.append((1, None, "stage_crashed"))

    def _lose_next(self) -> None:
        self.stages.faults.append((0, None, "report_lost"))

    def _oom_next(self) -> None:
        self.stages.faults.append((71, None, "out_of_memory"))

    def _wait_next(self) -> None:
        self.stages.faults.append((69, None, "storage_unavailable"))

    def _slots(self) -> list[dict[str, Any]]:
        return self.cluster.of("AppsDeployment")

    def _break_live(self) -> None:
        service = self.cluster.get("Service", "live")
        slot = service and service["spec"].get("selector", {}).get("sluice.dev/slot")
        found = self.cluster.get("AppsDeployment", slot) if slot else None
        if found:
            found["metadata"]["annotations"]["test/broken"] = "true"
            self.cluster.put("AppsDeployment", found)

    def _heal_all(self) -> None:
        for slot in self._slots():
            slot["metadata"]["annotations"].pop("test/broken", None)
            self.cluster.put("AppsDeployment", slot)

    def _move_selector(self) -> None:
        service = self.cluster.get("Service", "live")
        if service:
            service = deepcopy(service)
            service["spec"]["selector"] = {"sluice.dev/slot": "elsewhere"}
            self.cluster.put("Service", service)

    def _drop_service(self) -> None:
        self.cluster.drop("Service", "live")

    def _replay_service(self) -> None:
        """A saved Service of an earlier transition, applied again by hand."""
        now = self.cluster.get("Service", "live")
        if self.saved is not None and now is not None:
            body = {"spec": deepcopy(self.saved["spec"])}
            metadata = now["metadata"] | {"annotations": deepcopy(self.saved["metadata"]["annotations"])}
            self.cluster.put("Service", now | body | {"metadata": metadata})
        self.saved = deepcopy(now)

    def _drop_slot(self) -> None:
        for slot in self._slots()[:1]:
            self.cluster.drop("AppsDeployment", slot["metadata"]["name"])

    def _drop_gate(self) -> None:
        self.cluster.drop("EvalGate", "gate")

    def _edit_gate(self) -> None:
        self.cluster.add("EvalGate", "gate", gate_spec(f"0.8{self.runs % 10}"))

    def _pause(self) -> None:
        spec = self.cluster.objects["Deployment", "live"]["spec"]
        self.cluster.add("Deployment", "live", spec | {"paused": not spec.get("paused", False)})

    def _serve_shorter(self) -> None:
        spec = self.cluster.objects["Deployment", "live"]["spec"]
        self.cluster.add("Deployment", "live", spec | {"serving": {"maxModelLength": 100 + self.runs}})

    def _drop_run(self) -> None:
        self.cluster.drop("TrainingRun", f"run{self.runs}")

    def _drop_job(self) -> None:
        for job in self.cluster.of("Job")[-1:]:
            self.cluster.drop("Job", job["metadata"]["name"])

    def _drop_status(self) -> None:
        for key in self.cluster.own():
            self.cluster.put(key.kind, self.cluster.objects[key.kind, key.name] | {"status": {}})

    def _rubbish_phase(self) -> None:
        for key in self.cluster.own():
            found = self.cluster.objects[key.kind, key.name]
            self.cluster.put(key.kind, found | {"status": found["status"] | {"phase": "Rubbish"}})

    def _sleep(self) -> None:
        self.cluster.sleep(400)


@QUICK
@given(WALK)
def test_safe_and_at_rest_after_any_walk(walk: list[tuple[str, int, int | None]]) -> None:
    """No walk of faults, edits and crashes leads traffic astray; afterwards all comes to rest."""
    world = Walk()
    for event, rounds, crash in walk:
        world.happen(event)
        for _ in range(rounds):
            for key in world.cluster.own():
                world.cluster.reconcile(key, crash)
            world.cluster.play()
            world.cluster.sleep(2)
    world.stages.faults.clear()
    world.cluster.settle(rounds=400, seconds=20)
    for key in world.cluster.own():
        plan = world.cluster.plan(key)
        assert plan is not None
        assert (plan.apply, plan.delete, plan.events) == ((), (), ()), key
        assert plan.status == world.cluster.objects[key.kind, key.name]["status"]


@pytest.fixture(scope="module")
def observations() -> list[tuple[Key, Observed]]:
    """Observations along the whole quickstart."""
    cluster = quickstart()
    seen: list[tuple[Key, Observed]] = []
    for _ in range(40):
        for key in cluster.own():
            observed = cluster.observe(key)
            assert observed is not None
            seen.append((key, observed))
            cluster.reconcile(key)
        cluster.play()
        cluster.sleep(2)
    return seen


def test_deterministic(observations: list[tuple[Key, Observed]]) -> None:
    for key, observed in observations:
        assert PLANNERS[key.kind](observed) == PLANNERS[key.kind](observed)


def test_blind_to_the_stored_phase(observations: list[tuple[Key, Observed]]) -> None:
    for key, observed in observations:
        assert PLANNERS[key.kind](with_phase(observed, "Rubbish")) == PLANNERS[key.kind](observed)


def with_phase(observed: Observed, phase: str) -> Observed:
    from dataclasses import replace

    status: Mapping[str, Any] = {**observed.me.resource.status, "phase": phase}
    me = replace(observed.me, resource=replace(observed.me.resource, status=status))
    return replace(observed, me=me)


def test_names_fit(observations: list[tuple[Key, Observed]]) -> None:
    for key, observed in observations:
        plan = PLANNERS[key.kind](observed)
        names = [w.manifest["metadata"]["name"] for w in plan.apply if hasattr(w, "manifest")]
        assert all(len(name) <= 63 for name in names)
