"""Five stories, each with the operator killed after every single write: all must end like the unbroken one.

What happens from outside waits for a state and never for a time: a story with a kill is the same story.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chaos.world.world import World
from sluice_operator.model import Key
from support.quickstart import LABELS, gate_spec, run_spec
from support.simapi import Change
from support.simcluster import LEADER
from support.witness import carried

HORIZON_SECONDS = 400
"""Nothing due for so long is rest; windows and deadlines of the stories are shorter."""
LONGEST_SECONDS, MOST_WRITES = 3000, 2000
"""A story beyond these never comes to rest: what it waits for does not happen."""
Act = Callable[[World], None]
When = Callable[[World], bool]


@dataclass(frozen=True)
class Step:
    """What somebody does, and the state that it waits for; rest when none is named."""

    do: Act
    when: When | None = None


@dataclass
class Story:
    """One run of a story, perhaps with a kill after some write of the operator."""

    steps: tuple[Step, ...]
    kill_after: int | None = None
    world: World = field(default_factory=World)
    writes: int = 0

    def __post_init__(self) -> None:
        self.world.api.listeners.append(self._count)
        self.todo = list(self.steps)
        self.world.cluster.add("EvalGate", "gate", gate_spec("0.7"))

    def _count(self, change: Change) -> None:
        self.writes += change.actor == LEADER

    def play(self) -> "Story":
        """Play to the end."""
        while self.world.api.elapsed < LONGEST_SECONDS and self.writes < MOST_WRITES:
            if self._act(at_rest=False) or self._work() or self._world_moves():
                continue
            if not self._act(at_rest=True):
                break
        return self

    def _act(self, *, at_rest: bool) -> bool:
        step = self.todo[0] if self.todo else None
        due = step is not None and (at_rest if step.when is None else step.when(self.world))
        if step is None or not due:
            return False
        self.todo.pop(0)
        step.do(self.world)
        return True

    def _work(self) -> bool:
        leader = self.world.leader
        leader.deliver()
        for key in leader.ready()[:1]:
            leader.begin(key)
            while key in leader.passes and not self._is_struck():
                leader.advance(key)
                self._act(at_rest=False)
            self._is_struck()
            return True
        return False

    def _is_struck(self) -> bool:
        if self.kill_after is None or self.writes < self.kill_after:
            return False
        self.kill_after = None
        self.world.cluster.restart()
        return True

    def _world_moves(self) -> bool:
        world = self.world
        before = world.api.version
        world.node.play()
        if world.api.version != before:
            world.api.sleep(1)
            return True
        due = min(world.leader.due.values(), default=float("inf"))
        if due > world.api.elapsed + HORIZON_SECONDS:
            return False
        world.api.sleep(max(1.0, due - world.api.elapsed))
        return True


def outcome(story: Story) -> dict[str, Any]:
    """How a story ended, without times, versions and UIDs."""
    world = story.world
    memory = world.witness.memory
    return {
        "waits": len(story.todo),
        "traffic": carried(world.witness.service),
        "live": memory.live,
        "history": memory.history,
        "refused": sorted(map(str, memory.refused)),
        "rejected": sorted(map(str, memory.rejected)),
        "chain": [(c.phase, c.cause, c.digest, c.reason) for c in world.witness.chain],
        "slots": sorted(s["metadata"]["name"] for s in world.api.of("AppsDeployment")),
        "services": sorted(s["metadata"]["name"] for s in world.api.of("Service")),
        "records": sorted(_kind_of_record(r) for r in world.api.of("ControllerRevision")),
        "told": {key: _conditions(world, key) for key in world.cluster.own()},
    }


def _kind_of_record(record: dict[str, Any]) -> str:
    # Names of what measures the world hold UIDs and times.
    data = record["data"]
    return " ".join(
        str(data.get(key, "")) for key in ("record", "stage", "outcome", "digest", "phase", "result")
    )


def _conditions(world: World, key: Key) -> list[tuple[str, str, str]]:
    found = world.api.objects[key.kind, key.name]["status"]["conditions"]
    return [(c["type"], c["status"], c["reason"]) for c in found]


def _new_run(world: World) -> None:
    world.api.sleep(5)
    world.ev_new_run(0)


def _break_live(world: World) -> None:
    world.node.down = {world.witness.leads_to()[1] or ""}


def _watch_drift(world: World) -> None:
    wanted = {"everySeconds": 60, "failuresToAct": 2, "actions": ["Rollback"]}
    world.cluster.add("Deployment", "live", {**world.witness.spec, "drift": wanted})


def _drift(world: World) -> None:
    world.stages.change = lambda _: -0.2


def _unwatch(world: World) -> None:
    world.cluster.add("Deployment", "live", {**world.witness.spec, "drift": None})


def _went_back(world: World) -> bool:
    memory = world.witness.memory
    return bool(memory.history) and memory.history[0].cause == "drift"


def _is_intended(world: World) -> bool:
    """Whether a second model is announced and traffic still goes to the first."""
    memory = world.witness.memory
    return memory.live is not None and memory.intent is not None


def _tighten(world: World) -> None:
    world.cluster.add("EvalGate", "gate", gate_spec("0.99"))


def _drop_run(world: World) -> None:
    world.cluster.drop("TrainingRun", "run1")


def _apply_again(world: World) -> None:
    world.cluster.add("TrainingRun", "run1", run_spec(1), LABELS)


def _second_is_live(world: World) -> bool:
    return len(world.witness.memory.history) > 1


STORIES: dict[str, tuple[Step, ...]] = {
    "quickstart": (),
    "promotion and rollback": (Step(_new_run), Step(_break_live, _second_is_live)),
    "drift rollback": (
        Step(_new_run),
        Step(_watch_drift),
        Step(_drift, lambda world: world.witness.spec.get("drift") is not None),
        Step(_unwatch, _went_back),
    ),
    "gate edited during a promotion": (Step(_new_run), Step(_tighten, _is_intended)),
    "run deleted and applied again": (Step(_drop_run), Step(_apply_again)),
}
