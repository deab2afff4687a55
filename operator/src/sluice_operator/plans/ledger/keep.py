"""The step of the planner that keeps the archive: one ledger Job at a time, and none that traffic waits for.

Nothing is started while a transition is announced, nor in a pass in which promotion writes; a few seconds
pass after the last link, so that one promotion makes one Job.
"""

from datetime import timedelta

from sluice_api import meta, reasons
from sluice_api.audit import AuditRecord, Fold, Refusal
from sluice_operator.children import records
from sluice_operator.children.jobs import Ask
from sluice_operator.facts import audit
from sluice_operator.facts.live import fold, head
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import Create, Delete, JobView, Observed
from sluice_operator.plans.attempts import advance
from sluice_operator.plans.common import Platform, parse_time
from sluice_operator.plans.draft import Draft, Stop, stamp
from sluice_operator.plans.ledger import asks
from sluice_operator.plans.ledger.prune import prune
from sluice_operator.plans.promotion.chain import ACTOR

QUIET_SECONDS = 5
"""After the newest link: a promotion writes several."""
PATIENCE_SECONDS = 60
"""After the oldest link that waits, however many follow."""
LONGEST_BACKOFF_SECONDS = 300


def keep_ledger(observed: Observed, platform: Platform | Stop, draft: Draft) -> None:
    """Bring the archive one step further; without a platform its links wait."""
    if fold(observed.me).intent is not None or draft.writes or isinstance(platform, Stop):
        return
    job = _unrecorded(observed)
    if job is not None:
        _go_on(observed, platform, draft, job)
    elif not _is_resting(observed, draft):
        _start(observed, platform, draft)
    prune(observed, draft)


def _unrecorded(observed: Observed) -> JobView | None:
    """The ledger Job that runs, or ended and is not recorded yet."""
    recorded = {r.meta.name for r in observed.me.records}
    mine = (j for j in observed.me.jobs if j.meta.labels.get(meta.LABEL_STAGE) == audit.STAGE)
    return next((j for j in mine if j.meta.name not in recorded and not j.meta.deleting), None)


def _go_on(observed: Observed, platform: Platform, draft: Draft, job: JobView) -> None:
    asked = job.meta.annotations.get(meta.ANNOTATION_REQUEST_HASH)
    identity = job.meta.annotations.get(meta.ANNOTATION_IDENTITY, "")
    for ask in (asks.archive_again(observed, platform, identity), _question(observed, platform)):
        if ask is not None and ask.request_hash == asked:
            advance(observed, draft, ask)
            return
    draft.delete(Delete("Job", job.meta.name, job.meta.uid, "nobody waits for its answer any more"))


def _question(observed: Observed, platform: Platform) -> Ask | None:
    """What must be known first: the refusals of earlier chains, or whether the archive is sound."""
    if head(observed.me) is None:
        return None if audit.results(observed.me, "Inherit") else asks.inherit(observed, platform)
    return asks.verify(observed, platform)


def _start(observed: Observed, platform: Platform, draft: Draft) -> None:
    ask = _question(observed, platform)
    if ask is not None and advance(observed, draft, ask).state != "Failed":
        return
    if head(observed.me) is None:
        _inherit(observed, draft)
        return
    waiting = audit.unarchived(observed.me)
    if waiting and _is_quiet(observed, draft, waiting):
        more = f".{asks.word(observed)}" if asks.word(observed) else ""
        advance(observed, draft, asks.archive(observed, platform, asks.batch(waiting), more))


def _is_quiet(observed: Observed, draft: Draft, waiting: tuple[AuditRecord, ...]) -> bool:
    """Whether the batch is probably whole."""
    quiet = parse_time(waiting[-1].time) + timedelta(seconds=QUIET_SECONDS)
    patient = parse_time(waiting[0].time) + timedelta(seconds=PATIENCE_SECONDS)
    left = (min(quiet, patient) - observed.now).total_seconds()
    if left > 0:
        draft.wake_in(left)
    return left <= 0


def _is_resting(observed: Observed, draft: Draft) -> bool:
    """Whether the last attempts failed too recently, whatever they were asked."""
    row = []
    for record in reversed(stage_records(observed.me, audit.STAGE)):
        if record.outcome == "Succeeded":
            break
        row.append(record)
    if not row:
        return False
    pause = min(5 * 2 ** (len(row) - 1), LONGEST_BACKOFF_SECONDS)
    left = (parse_time(row[0].finished_at) + timedelta(seconds=pause) - observed.now).total_seconds()
    if left > 0:
        draft.wake_in(left)
    return left > 0


def _inherit(observed: Observed, draft: Draft) -> None:
    """Begin the chain with what earlier chains refused."""
    told = next(iter(audit.results(observed.me, "Inherit")), None)
    if told is None or not told.refused:
        return
    resource = observed.me.resource
    why = f"{len(told.refused)} of {told.found} digests that earlier Deployments of this name rolled back"
    link = AuditRecord(
        chain=resource.meta.uid,
        sequence=1,
        phase="inherited",
        cause="automatic",
        actor=ACTOR,
        gates_for_edit=observed.settings.gates_for_edit or None,
        reason=reasons.REFUSALS_INHERITED.code,
        message=why,
        time=stamp(observed.now),
        fold=Fold(refused=tuple(Refusal(digest=d, transition=1) for d in told.refused)),
    )
    name = records.audit_name(resource.meta.name, 1)
    draft.write(Create(records.record(resource, name, link)), reasons.REFUSALS_INHERITED, why)
    draft.wake_in(1)
