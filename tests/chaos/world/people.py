"""What people apply: runs, gates and the Deployment."""

from typing import Any

from chaos.world.base import Base
from support.quickstart import LABELS, gate_spec, run_spec

MOST_RUNS = 6
DRIFT_SECONDS = 600


class People(Base):
    """Events of people who apply objects."""

    def ev_new_run(self, number: int) -> None:
        """A new candidate, or a second one within the same second."""
        self.runs += 1
        name = f"run{self.runs}"
        self.cluster.add("TrainingRun", name, run_spec(self.runs), LABELS)
        known = sorted(self.api.of("TrainingRun"), key=lambda r: int(r["metadata"]["name"][3:]))
        if len(known) > MOST_RUNS:
            self.cluster.drop("TrainingRun", known[0]["metadata"]["name"])

    def ev_drop_run(self, number: int) -> None:
        """A run is deleted, perhaps the one that is live."""
        runs = sorted(r["metadata"]["name"] for r in self.api.of("TrainingRun"))
        if runs:
            self.cluster.drop("TrainingRun", runs[number % len(runs)])

    def ev_old_run(self, number: int) -> None:
        """An old run is applied again; its artifact is adopted."""
        seed = 1 + number % max(1, self.runs)
        if self.cluster.get("TrainingRun", f"run{seed}") is None:
            self.cluster.add("TrainingRun", f"run{seed}", run_spec(seed), LABELS)

    def ev_gate(self, number: int) -> None:
        """The gate is edited, tightened, loosened, or made again after it was deleted."""
        value = ("0.8", "0.82", "0.85", "0.7", "0.78", "0.75")[number % 6]
        more: dict[str, Any] = {"approval": {"required": True}} if number % 9 == 4 else {}
        if number % 5 == 3:
            more["baseline"] = {"deploymentRef": {"name": "live"}}
        spec = gate_spec("-0.05" if "baseline" in more else value, **more)
        spec["criteria"][0] |= {"compare": "DeltaToBaseline"} if "baseline" in more else {}
        self.cluster.add("EvalGate", "gate", spec)

    def ev_drop_gate(self, number: int) -> None:
        """The gate is deleted."""
        self.cluster.drop("EvalGate", "gate")

    def _edit(self, **changes: Any) -> None:
        found = self.cluster.get("Deployment", "live")
        if found is not None:
            kept = {k: v for k, v in {**found["spec"], **changes}.items() if v is not None}
            self.cluster.add("Deployment", "live", kept)

    def ev_pause(self, number: int) -> None:
        """Promotion is paused, or goes on."""
        self._edit(paused=number % 4 == 1 or None)

    def ev_suspend(self, number: int) -> None:
        """The Deployment is suspended, or goes on."""
        self._edit(suspend=number % 6 == 1 or None)

    def ev_serve_otherwise(self, number: int) -> None:
        """Serving changes: a new revision of the same digest."""
        self._edit(serving={"maxModelLength": 256 + number % 3})

    def ev_watch(self, number: int) -> None:
        """Drift is watched, with other actions, or not."""
        actions = (["Rollback"], ["HoldPromotions"], ["Alert", "HoldPromotions", "Rollback"], ["Alert"])
        wanted = {
            "everySeconds": DRIFT_SECONDS,
            "failuresToAct": 1 + number % 2,
            "actions": actions[number // 4 % 4],
        }
        self._edit(drift=wanted if number % 4 else None)

    def ev_drift(self, number: int) -> None:
        """The world moves away from what was promoted, or comes back."""
        change = -0.2 if number % 2 else 0.0
        self.stages.change = lambda _: change
