"""The operator at work, killed, stopped, frozen beyond its Lease, and with watches that lag."""

from chaos.world.base import STALE, Base
from sluice_operator.model import Key
from support.quickstart import SETTINGS
from support.simcluster import LEADER
from support.simoperator import SimOperator

PROFILES = {kind: SETTINGS.dump()[kind] for kind in ("compute", "storage", "serving")}


class Operators(Base):
    """Events of the operators."""

    def ev_work(self, number: int) -> None:
        """The leader finishes what it has begun and takes some objects; nodes work meanwhile."""
        if self.is_down:
            return
        for key in list(self.leader.passes):
            self._finish(self.leader, key)
        for step in range((2, 4, 8, 14)[number % 4]):
            self._relist_in_time()
            self.leader.deliver()
            ready = self.leader.ready()
            unheard = not ready or step % 3 == 2
            if unheard:
                self.node.play()
            if not ready:
                return
            self._is_fresh = not (self.leader.deaf or unheard)
            self.leader.begin(ready[number % min(3, len(ready))])
            for key in list(self.leader.passes):
                self._finish(self.leader, key)
            self._is_fresh = False

    def _finish(self, operator: SimOperator, key: Key) -> None:
        while key in operator.passes:
            operator.advance(key)

    def _relist_in_time(self) -> None:
        if self.leader.last_list + SETTINGS.resync_seconds <= self.api.elapsed:
            self.leader.deaf.clear()
            self.leader.relist()

    def ev_half(self, number: int) -> None:
        """The leader begins with an object and stops between two writes."""
        if self.is_down:
            return
        self.leader.deliver()
        ready = self.leader.ready()
        turn = number % max(1, len(ready))
        for key in [*ready[turn:], *ready[:turn]]:
            self.leader.begin(key)
            for _ in range(number % 3):
                if key in self.leader.passes:
                    self.leader.advance(key)
            if key in self.leader.passes:
                return

    def ev_crash(self, number: int) -> None:
        """SIGKILL, perhaps between two writes; a new process starts."""
        self.ev_half(number)
        self.cluster.restart()

    def ev_stop(self, number: int) -> None:
        """The operator is down until it is started."""
        self.is_down = True

    def ev_start(self, number: int) -> None:
        """The operator is started."""
        if self.is_down:
            self.is_down = False
            self.cluster.restart()

    def ev_offer(self, number: int) -> None:
        """The administrator takes a kind of profile away, or gives all back; the operator starts again."""
        gone = ("", *PROFILES)[number % 4]
        self.cluster.offer(**(PROFILES | ({gone: []} if gone else {})))

    def ev_freeze(self, number: int) -> None:
        """SIGSTOP beyond the Lease, between two writes; another one leads."""
        self.ev_half(number)
        if self.is_down:
            return
        if self.stale is not None:
            self.stale.kill()
        self.stale = self.leader
        self.stale.rename(STALE)
        self.cluster.operator = SimOperator(self.api, self.cluster.settings, LEADER)

    def ev_thaw(self, number: int) -> None:
        """The frozen one goes on: with what it has begun, and sometimes with what it believes."""
        if self.stale is None:
            return
        for key in list(self.stale.passes):
            self._finish(self.stale, key)
        for _ in range(number % 4):
            ready = self.stale.ready()
            if ready:
                self.stale.run(ready[number % len(ready)])
        if number % 2:
            self.stale.kill()
            self.stale = None

    def ev_thaw_one_write(self, number: int) -> None:
        """The frozen one does a single write."""
        if self.stale is not None:
            for key in list(self.stale.passes)[:1]:
                self.stale.advance(key)

    def ev_deaf(self, number: int) -> None:
        """A watch of the leader lags."""
        kinds = ("ControllerRevision", "Service", "AppsDeployment", "EvalGate", "Deployment", "Job", "Pod")
        self.leader.deaf.add(kinds[number % len(kinds)])

    def ev_hear(self, number: int) -> None:
        """All watches catch up."""
        self.leader.deaf.clear()
