"""A small cluster to which anything may happen: events that draw what they touch from one number.

An event never asks whether it makes sense; it does what it can. Safety is checked after each write of an
operator, rest and liveness whenever the world is given time.
"""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from sluice_api import meta
from sluice_api.contracts.envelope import Envelope
from sluice_api.decisions import ANNOTATIONS, Decision
from sluice_api.hashing import digest_of
from sluice_operator.model import Key, ResourceKind
from sluice_operator.plans import PLANNERS
from support import invariants as must
from support.quickstart import LABELS, SETTINGS, Stages, deployment_spec, gate_spec, pack_spec, run_spec
from support.simapi import Change, Raw
from support.simcluster import LEADER, SimCluster
from support.simoperator import SimOperator
from support.witness import Witness

Event = tuple[str, int]
STALE = "stale"
UNKNOWN = digest_of("never made")
MOST_RUNS = 6
REST_SECONDS = 1500
MOST_WRITES_TO_REST = 220
"""Six candidates, each with its Jobs, records, slot and transition, and some deadlines on the way."""
KINDS: tuple[Decision, ...] = ("promote", "rollback-to", "clear-rollback")
DRIFT_SECONDS = 600
WRITES_OF_A_TICK = 12
SPEC = {
    "progressDeadlineSeconds": 60,
    "healthDeadlineSeconds": 10,
    "rollback": {"keepPreviousSeconds": 120},
}


class ChaosStages(Stages):
    """Stages whose candidates differ in quality, so that gates can be met, missed and nearly met."""

    def _prepare(self, envelope: Envelope) -> dict[str, Any]:
        result = super()._prepare(envelope)
        seed = envelope.request["hyperparameters"]["seed"]
        if "artifact" not in result and seed % 6:  # most experiments were done before: adopted in one stage
            result |= self._package(
                Envelope(**{**dict(envelope), "request": {"fingerprint": result["fingerprint"]}})
            )
            result = {k: v for k, v in result.items() if k not in ("tokens", "totalSteps")}
        return result

    def _judge(self, envelope: Envelope) -> dict[str, Any]:
        criterion = envelope.request["criteria"][0]
        score = quality(envelope.request["candidate"]["digest"])
        margin = score - float(criterion["value"]) if criterion.get("compare") is None else 0.05
        word = "Pass" if margin > 0.02 else "Fail" if margin < -0.02 else "Inconclusive"
        self.verdict = lambda _: word
        return super()._judge(envelope)


def quality(digest: str) -> float:
    """What a model scores: a fact about its bytes."""
    return 0.76 + int(digest[-4:], 16) / 0xFFFF * 0.22


class World:
    """The cluster, one operator at work, perhaps one that is frozen, and a witness."""

    def __init__(self) -> None:
        self.stages = ChaosStages()
        self.cluster = SimCluster(SETTINGS, self.stages)
        self.stages.clock = self.cluster.stamp
        self.api, self.node = self.cluster.api, self.cluster.node
        self.witness = Witness(self.api)
        self.counts: Counter[str] = Counter()
        self.story: list[str] = []
        """Events, and below each the writes of operators."""
        self.stale: SimOperator | None = None
        self.is_down = False
        self.runs = 0
        self.patience = REST_SECONDS
        """Seconds in which everything must come to rest; longer after a clock was set back."""
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
        self.ev_new_run(1)

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
        witness = self.witness
        must.s1_traffic_only_by_right(witness, change)
        must.row_15_holds_hold(witness, change)
        must.s2_the_chain_explains_traffic(witness, change)
        must.s2_the_head_remembers(witness, change)
        must.s3_no_outage_by_our_hand(witness, change, fresh=fresh)
        must.s4_refused_stays_refused(witness, change)
        must.s5_a_request_acts_once(witness, change)
        must.i2_one_job_per_attempt(witness, change)
        must.i9_the_healthy_one_keeps_serving(witness, change, fresh=fresh)
        must.i10_reasons_from_the_list(change)

    _is_fresh = False
    """Whether the leader's pass at work saw the world as it is."""

    def happen(self, event: Event) -> None:
        """One event."""
        name, number = event
        self.counts[name] += 1
        self.story.append(f"{name} {number}")
        getattr(self, f"ev_{name}")(number)

    # Operators

    @property
    def leader(self) -> SimOperator:
        """The operator that holds the Lease."""
        return self.cluster.operator

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
            if not ready or step % 3 == 2:
                self.node.play()
            if not ready:
                return
            self._is_fresh = not self.leader.deaf
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

    def ev_freeze(self, number: int) -> None:
        """SIGSTOP beyond the Lease, between two writes; another one leads."""
        self.ev_half(number)
        if self.is_down:
            return
        if self.stale is not None:
            self.stale.kill()
        self.stale = self.leader
        self.stale.rename(STALE)
        self.cluster.operator = SimOperator(self.api, SETTINGS, LEADER)

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

    # Time and nodes

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

    def _slots(self) -> list[str]:
        return sorted(s["metadata"]["name"] for s in self.api.of("AppsDeployment"))

    def _pick_slot(self, number: int) -> str | None:
        _, live = self.witness.leads_to()
        if number % 2 and live is not None:
            return live
        slots = self._slots()
        return slots[number % len(slots)] if slots else None

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

    # People

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

    # Decisions of people

    def _digests(self) -> list[str]:
        memory = self.witness.memory
        known = {s.digest for s in memory.history} | {d for d, _ in memory.refused | memory.rejected}
        return [*sorted(known | {r["digest"] for r in self.witness.runs()}), UNKNOWN]

    def ev_ask(self, number: int) -> None:
        """Somebody asks: well-formed, late, of the future, malformed, or as before."""
        kind, rest = KINDS[number % 3], number // 3
        digests = self._digests()
        digest = digests[rest // 8 % len(digests)]
        newest = len(self.witness.chain)
        seen = (newest, newest, newest, newest, newest - 4, newest + 3, newest, 0)[rest % 8]
        text = f"{digest} {max(0, seen)}.a{number:05d} ann"
        if rest % 8 == 6:
            text = (f"{digest} ann", "", "please", f"{digest} -1.x ann")[number % 4]
        if rest % 8 == 7 and self.asked:
            kind, text = self.asked[number % len(self.asked)]
        self.asked = [*self.asked[-7:], (kind, text)]
        self._annotate("Deployment", "live", ANNOTATIONS[kind], text)

    def _annotate(self, kind: ResourceKind, name: str, key: str, text: str | None) -> None:
        found = deepcopy(self.cluster.get(kind, name))
        if found is not None:
            annotations = found["metadata"].setdefault("annotations", {})
            annotations.pop(key, None)
            found["metadata"]["annotations"] |= {key: text} if text is not None else {}
            self.cluster.put(kind, found)

    def ev_withdraw(self, number: int) -> None:
        """A request is taken back."""
        kind = KINDS[number % 3]
        self._annotate("Deployment", "live", ANNOTATIONS[kind], None)

    def ev_approve(self, number: int) -> None:
        """Somebody approves a verdict of the gate."""
        names = [r["metadata"]["name"] for r in self.api.of("ControllerRevision")]
        verdicts = sorted(n for n in names if n.startswith("gate-verdict-"))
        if verdicts:
            name = verdicts[number % len(verdicts)]
            digest = self.api.objects["ControllerRevision", name]["data"]["digest"]
            text = f"{digest} {name.rpartition('-')[2]}.a{number:05d} ann"
            self._annotate("EvalGate", "gate", ANNOTATIONS["approve"], text)

    def _promotion(self, **changes: Any) -> None:
        found = {**self.witness.spec.get("promotion", {}), **changes}
        self._edit(promotion={k: v for k, v in found.items() if v is not None})

    def ev_pin(self, number: int) -> None:
        """A digest is pinned, or none any more."""
        digests = self._digests()
        self._promotion(pin=digests[number // 3 % len(digests)] if number % 3 == 0 else None)

    def ev_policy(self, number: int) -> None:
        """Promotion by hand only, or by itself."""
        self._promotion(policy="Manual" if number % 4 == 0 else None)

    def ev_window(self, number: int) -> None:
        """Promotion in windows only, or always."""
        window = {"start": f"{number % 24:02d}:00", "durationSeconds": 7200}
        self._promotion(windows=[window] if number % 4 == 0 else None)

    def ev_soak(self, number: int) -> None:
        """Candidates must stand for some seconds first, or not."""
        self._promotion(soakSeconds=20 if number % 2 else None)

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

    # Hands that should not

    def _service(self) -> Raw | None:
        found = self.cluster.get("Service", "live")
        return deepcopy(found) if found is not None else None

    def ev_move_selector(self, number: int) -> None:
        """The public Service is pointed elsewhere: nowhere, or at some slot."""
        service = self._service()
        if service is not None:
            slots = [*self._slots(), "elsewhere"]
            service["spec"]["selector"] = {
                meta.LABEL_SLOT: slots[number % len(slots)],
                meta.LABEL_OWNER: "live",
            }
            self.cluster.put("Service", service)

    def ev_renumber(self, number: int) -> None:
        """The transition of the public Service is edited."""
        service = self._service()
        if service is not None:
            annotations = service["metadata"].setdefault("annotations", {})
            annotations[meta.ANNOTATION_TRANSITION] = str(number % 40)
            self.cluster.put("Service", service)

    def ev_drop_service(self, number: int) -> None:
        """The public Service is deleted."""
        self.cluster.drop("Service", "live")

    def ev_save_service(self, number: int) -> None:
        """Somebody saves the public Service to a file."""
        service = self._service()
        self.saved = [*self.saved[-3:], service] if service is not None else self.saved

    def ev_replay_service(self, number: int) -> None:
        """A saved Service is applied again."""
        service = self._service()
        if service is not None and self.saved:
            old = self.saved[number % len(self.saved)]
            service["spec"] = deepcopy(old["spec"])
            service["metadata"]["annotations"] = deepcopy(old["metadata"]["annotations"])
            self.cluster.put("Service", service)

    def ev_drop_slot(self, number: int) -> None:
        """A slot is deleted."""
        slot = self._pick_slot(number)
        if slot is not None:
            self.cluster.drop("AppsDeployment", slot)

    def ev_edit_slot(self, number: int) -> None:
        """The image of a slot is changed."""
        slot = deepcopy(self.cluster.get("AppsDeployment", self._pick_slot(number) or ""))
        if slot is not None:
            containers = slot["spec"]["template"]["spec"]["containers"]
            containers[0]["image"] = f"evil@sha256:{number % 5}"
            self.cluster.put("AppsDeployment", slot)

    def ev_add_sidecar(self, number: int) -> None:
        """A container is added to a slot."""
        slot = deepcopy(self.cluster.get("AppsDeployment", self._pick_slot(number) or ""))
        if slot is not None:
            containers = slot["spec"]["template"]["spec"]["containers"]
            containers.append({"name": "sidecar", "image": "evil@sha256:9"})
            self.cluster.put("AppsDeployment", slot)

    def ev_scale_slot(self, number: int) -> None:
        """A slot is scaled by hand."""
        slot = deepcopy(self.cluster.get("AppsDeployment", self._pick_slot(number) or ""))
        if slot is not None:
            slot["spec"]["replicas"] = number % 3
            self.cluster.put("AppsDeployment", slot)

    def ev_drop_job(self, number: int) -> None:
        """A Job is deleted."""
        jobs = sorted(j["metadata"]["name"] for j in self.api.of("Job"))
        if jobs:
            self.cluster.drop("Job", jobs[number % len(jobs)])

    def ev_drop_status(self, number: int) -> None:
        """Statuses are wiped, or filled with rubbish."""
        for key in self.cluster.own():
            found = self.api.objects[key.kind, key.name]
            status = {} if number % 2 else {**found["status"], "phase": "Rubbish"}
            self.cluster.put(key.kind, found | {"status": status})

    # Rest

    def ev_rest(self, number: int) -> None:
        """The world is left alone for long enough: all deadlines pass, and everything must come to rest."""
        if self.stale is not None:
            self.stale.kill()
            self.stale = None
        self.is_down = False
        if number % 2:
            self.cluster.restart()
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
            writes = len(self.cluster.writes) - before
            most = MOST_WRITES_TO_REST + WRITES_OF_A_TICK * (self.api.elapsed - begin) / DRIFT_SECONDS
            must.require(writes < most, "S6", f"{writes} writes and no rest")
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
            must.require(not wishes, "S6", f"{key.kind} {key.name} wants {plan.details or wishes} at rest")
            same = plan.status == self.api.objects[key.kind, key.name]["status"]
            must.require(same, "S6", f"{key.kind} {key.name} would write another status at rest")


REST_CHECKS: tuple[Callable[[Witness], None], ...] = (
    must.s3_traffic_left_what_is_down,
    must.s7_traffic_is_where_the_chain_says,
    must.l1_the_newest_pass_is_live,
    must.l1_the_pin_is_live,
    must.s5_every_request_is_answered,
    must.i5_status_speaks_of_now,
)
