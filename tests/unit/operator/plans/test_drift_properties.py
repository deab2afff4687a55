"""Random stories of a watched Deployment, with crashes: one check at a time, and rest at the end."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.driftsim import EVERY, LIVE, jobs_of_checks, records, watched
from support.quickstart import LABELS, Stages, deployment_spec, gate_spec, run_spec
from support.simcluster import SimCluster

QUICK = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
EVENTS = (
    "tick",
    "hurry",
    "worse",
    "better",
    "lose",
    "crash",
    "run",
    "drop gate",
    "make gate",
    "drop job",
    "suspend",
)
WALK = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(1, 6), st.none() | st.integers(0, 1)),
    min_size=1,
    max_size=10,
)


class Story:
    """A watched Deployment under random events."""

    def __init__(self) -> None:
        self.change, self.runs, self.suspended = 0.0, 1, False
        self.stages = Stages(change=lambda _: self.change)
        self.cluster: SimCluster = watched(self.stages)
        self.told: dict[tuple[int, int], str] = {}
        self._acts: dict[str, Callable[[], object]] = {
            "tick": lambda: self.cluster.sleep(EVERY),
            "hurry": lambda: self.cluster.sleep(EVERY / 10),
            "worse": lambda: setattr(self, "change", -0.2),
            "better": lambda: setattr(self, "change", 0.1),
            "lose": lambda: self.stages.faults.append((69, None, "dependency_unavailable")),
            "crash": lambda: self.stages.faults.append((70, None, "stage_crashed")),
            "run": self._run,
            "drop gate": lambda: self.cluster.drop("EvalGate", "gate"),
            "make gate": lambda: self.cluster.add("EvalGate", "gate", gate_spec()),
            "drop job": self._drop_job,
            "suspend": self._suspend,
        }

    def happen(self, event: str) -> None:
        self._acts[event]()

    def _run(self) -> None:
        self.runs += 1
        self.cluster.sleep(60)
        self.cluster.add("TrainingRun", f"run{self.runs}", run_spec(self.runs), LABELS)

    def _drop_job(self) -> None:
        for job in jobs_of_checks(self.cluster)[-1:]:
            self.cluster.drop("Job", job["metadata"]["name"])

    def _suspend(self) -> None:
        self.suspended = not self.suspended
        spec = deployment_spec(drift={"everySeconds": EVERY}, suspend=self.suspended)
        self.cluster.add("Deployment", "live", spec)

    def check(self) -> None:
        """At most one check works; a tick is told once, and never changes."""
        active = [j for j in jobs_of_checks(self.cluster) if not j.get("status", {}).get("conditions")]
        assert len(active) <= 1
        for record in records(self.cluster):
            place = (record["transition"], record["tick"])
            assert self.told.setdefault(place, record["result"]) == record["result"]
        assert len(records(self.cluster)) <= 21
        assert len(jobs_of_checks(self.cluster)) <= 10


@QUICK
@given(WALK)
def test_any_story_keeps_its_checks_in_order_and_comes_to_rest(
    walk: list[tuple[str, int, int | None]],
) -> None:
    story = Story()
    for event, rounds, crash in walk:
        story.happen(event)
        for _ in range(rounds):
            for key in story.cluster.own():
                story.cluster.reconcile(key, crash)
                story.check()
            story.cluster.play()
            story.cluster.sleep(2)
    story.stages.faults.clear()
    story.cluster.settle(rounds=200, seconds=2)
    plan = story.cluster.plan(LIVE)
    assert plan is not None
    assert (plan.apply, plan.delete, plan.events) == ((), (), ())
    assert plan.status == story.cluster.objects["Deployment", "live"]["status"]
