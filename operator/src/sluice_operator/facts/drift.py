"""What the drift checks of the live slot found. Ticks of an earlier transition never count."""

from sluice_api.deployment import Drift
from sluice_api.records import DriftRecord
from sluice_operator.facts.live import fold
from sluice_operator.model import Related


def settled_transition(related: Related) -> int:
    """Newest non-repair transition; 0 before the first."""
    history = fold(related).history
    return history[0].transition if history else 0


def ticks(related: Related) -> tuple[DriftRecord, ...]:
    """Checks since the newest non-repair transition, newest first."""
    transition = settled_transition(related)
    found = (r.record for r in related.records if isinstance(r.record, DriftRecord))
    mine = [r for r in found if r.transition == transition]
    return tuple(sorted(mine, key=lambda r: r.tick, reverse=True))


def bad_in_a_row(related: Related) -> int:
    """Newest bad checks without a good one between them; Unknown neither counts nor resets."""
    counted = [t.result for t in ticks(related) if t.result != "Unknown"]
    return counted.index("Good") if "Good" in counted else len(counted)


def has_drifted(related: Related, watch: Drift | None) -> bool:
    """Whether what is live was found worse often enough to act."""
    return watch is not None and bad_in_a_row(related) >= watch.failures_to_act
