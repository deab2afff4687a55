"""The world is left alone until everything rests; then it is judged whether all is where it should be."""

from collections.abc import Callable

from chaos.world.base import REST_SECONDS
from chaos.world.operators import Operators
from chaos.world.people import DRIFT_SECONDS
from sluice_operator.plans import PLANNERS
from support import restinvariants as must
from support.invariants import require
from support.quickstart import SETTINGS
from support.witness import Witness

MOST_WRITES = 220
"""Six candidates, each with its Jobs, records, slot and transition, and some deadlines on the way."""
WRITES_OF_A_TICK = 12
REST_CHECKS: tuple[Callable[[Witness], None], ...] = (
    must.s3_traffic_left_what_is_down,
    must.s7_traffic_is_where_the_chain_says,
    must.l1_the_newest_pass_is_live,
    must.l1_the_pin_is_live,
    must.l1_serving_is_as_asked,
    must.s2_the_pin_is_noted,
    must.s6_no_slot_without_a_use,
    must.s5_every_request_is_answered,
    must.i5_status_speaks_of_now,
)


class Rest(Operators):
    """Time to come to rest."""

    def ev_rest(self, number: int) -> None:
        """The world is left alone for long enough: all deadlines pass, and everything must come to rest."""
        if self.stale is not None:
            self.stale.kill()
            self.stale = None
        self.is_down = False
        if self.cluster.settings != SETTINGS:
            self.ev_offer(0)
        if number % 2:
            self.cluster.restart()
        elif self.has_jumped:
            self.leader.relist()
        self.has_jumped = False
        self.leader.deaf.clear()
        self.stages.faults.clear()
        self._come_to_rest()
        for check in REST_CHECKS:
            check(self.witness)
        self._require_no_wish()

    def _come_to_rest(self) -> None:
        before, begin = len(self.cluster.writes), self.api.elapsed
        end = begin + self.patience
        self.patience = REST_SECONDS
        for key in list(self.leader.passes):
            self._finish(self.leader, key)
        while True:
            self._relist_in_time()
            version = self.api.version
            self._is_fresh = True
            self.leader.deliver()
            for key in self.leader.ready():
                self.leader.deliver()
                self.leader.run(key)
            self._is_fresh = False
            self.node.play()
            self.leader.deliver()
            # What may be deleted was there, or was written: it needs no bound of its own.
            writes = sum(verb != "delete" for verb, _, _ in self.cluster.writes[before:])
            most = MOST_WRITES + WRITES_OF_A_TICK * (self.api.elapsed - begin) / DRIFT_SECONDS
            require(writes < most, "S6", f"{writes} writes and no rest")
            if self.api.version == version and not self.leader.ready() and not self._sleep_until_due(end):
                return

    def _sleep_until_due(self, end: float) -> bool:
        due = min((when for when in self.leader.due.values() if when < end), default=None)
        if due is None:
            return False
        self.api.sleep(max(1.0, due - self.api.elapsed))
        return True

    def _require_no_wish(self) -> None:
        """S6: at rest no planner wants anything."""
        for key in self.cluster.own():
            observed = self.leader.observe(key)
            assert observed is not None
            plan = PLANNERS[key.kind](observed)
            wishes = [*plan.apply, *plan.delete]
            require(not wishes, "S6", f"{key.kind} {key.name} wants {plan.details or wishes} at rest")
            same = plan.status == self.api.objects[key.kind, key.name]["status"]
            require(same, "S6", f"{key.kind} {key.name} would write another status at rest")
