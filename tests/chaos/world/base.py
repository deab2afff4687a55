"""What all events share: the cluster, who watches it, and how an event is played by its name.

An event never asks whether it makes sense; it does what it can with the number that it is given.
"""

from collections import Counter

from chaos.world.stages import ChaosStages
from sluice_api.decisions import Decision
from support.invariants import after_write
from support.quickstart import LABELS, SETTINGS, deployment_spec, gate_spec, pack_spec, run_spec
from support.simapi import Change, Raw
from support.simcluster import LEADER, SimCluster
from support.simoperator import SimOperator
from support.witness import Witness

Event = tuple[str, int]
STALE = "stale"
REST_SECONDS = 1500
SPEC = {
    "progressDeadlineSeconds": 60,
    "healthDeadlineSeconds": 10,
    "rollback": {"keepPreviousSeconds": 120},
}


class Base:
    """The cluster, one operator at work, perhaps one that is frozen, and a witness."""

    def __init__(self) -> None:
        self.stages = ChaosStages()
        self.cluster = SimCluster(SETTINGS, self.stages)
        self.stages.clock = self.cluster.stamp
        self.api, self.node = self.cluster.api, self.cluster.node
        self.witness = Witness(self.api, lost=self.node.gone)
        self.counts: Counter[str] = Counter()
        self.story: list[str] = []
        """Events, and below each the writes of operators."""
        self.stale: SimOperator | None = None
        self.is_down = False
        self.runs = 1
        self.patience = REST_SECONDS
        """Seconds in which everything must come to rest; longer after a clock was set back."""
        self.has_jumped = False
        """What is due by a clock that was set forth is seen at the next list of everything."""
        self.saved: list[Raw] = []
        """Services as somebody may have saved them."""
        self.asked: list[tuple[Decision, str]] = []
        """What was asked before."""
        self.api.listeners.append(self.hear)
        self._apply_quickstart()

    def _apply_quickstart(self) -> None:
        self.cluster.add("DatasetPack", "train", pack_spec("train"))
        self.cluster.add("DatasetPack", "gold", pack_spec("gold", "Evaluation"))
        self.cluster.add("EvalGate", "gate", gate_spec())
        self.cluster.add("Deployment", "live", deployment_spec(**SPEC))
        self.cluster.add("TrainingRun", "run1", run_spec(1), LABELS)

    # Watching

    def hear(self, change: Change) -> None:
        """Every change of the API server: the witness sees it, and the operators' are judged."""
        self.witness.see(change)
        if change.actor not in (LEADER, STALE):
            return
        self.counts[f"write {change.verb}"] += 1
        if change.verb != "status":
            self.story.append(f"    {change.actor}: {change.verb} {change.kind} {change.name}")
        fresh = change.actor == LEADER and self._is_fresh
        after_write(self.witness, change, fresh=fresh)

    _is_fresh = False
    """Whether the leader's pass at work saw the world as it is."""

    def happen(self, event: Event) -> None:
        """One event."""
        name, number = event
        self.counts[name] += 1
        self.story.append(f"{name} {number}")
        getattr(self, f"ev_{name}")(number)

    @property
    def leader(self) -> SimOperator:
        """The operator that holds the Lease."""
        return self.cluster.operator

    def _slots(self) -> list[str]:
        return sorted(s["metadata"]["name"] for s in self.api.of("AppsDeployment"))

    def _pick_slot(self, number: int) -> str | None:
        _, live = self.witness.leads_to()
        if number % 2 and live is not None:
            return live
        slots = self._slots()
        return slots[number % len(slots)] if slots else None
