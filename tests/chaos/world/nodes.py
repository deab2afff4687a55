"""Time, nodes and the store: Pods fail, rooms fill, artifacts vanish, clocks are set."""

from datetime import timedelta

from chaos.world.base import Base


class Nodes(Base):
    """Events of time, nodes and the store."""

    def ev_play(self, number: int) -> None:
        """Controllers and nodes work."""
        self.node.play()

    def ev_tick(self, number: int) -> None:
        """Time passes."""
        self.cluster.sleep((1, 2, 5, 11, 30, 61, 130, 400)[number % 8])

    def ev_jump(self, number: int) -> None:
        """All clocks are set, an hour forth or back."""
        self.api.now += timedelta(hours=1 if number % 2 else -1)
        self.patience += 0 if number % 2 else 3600
        self.has_jumped = True

    def ev_slot_down(self, number: int) -> None:
        """The Pods of a slot fail."""
        self.node.down |= {self._pick_slot(number) or ""}

    def ev_heal(self, number: int) -> None:
        """All Pods are well, and there is room."""
        self.node.down.clear()
        self.node.room = 100

    def ev_no_room(self, number: int) -> None:
        """Only so many slots fit."""
        self.node.room = 1 + number % 2

    def ev_pod_gone(self, number: int) -> None:
        """A Pod is deleted or evicted."""
        pods = sorted(p["metadata"]["name"] for p in self.api.of("Pod"))
        if pods:
            self.cluster.drop("Pod", pods[number % len(pods)])

    def ev_artifact_gone(self, number: int) -> None:
        """An artifact vanishes from the store."""
        made = sorted(a["digest"] for a in self.stages.artifacts.values())
        if made and number % 3 == 0:
            self.node.gone.add(made[number % len(made)])

    def ev_artifact_back(self, number: int) -> None:
        """The store is whole again."""
        self.node.gone.clear()

    def ev_fault(self, number: int) -> None:
        """The next Pod of a Job ends badly."""
        faults = ((1, None, "stage_crashed"), (69, None, "storage_unavailable"), (0, None, "report_lost"))
        self.stages.faults.append(faults[number % len(faults)])
