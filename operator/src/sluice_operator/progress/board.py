"""The newest note of each Pod, and when it is worth a pass: at most every 15 s, and for a whole per cent.

Planners see the note that was let through last, so that no other pass writes progress more often.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sluice_operator.model import ProgressNote

PERIOD_SECONDS = 15.0
PODS_MAX = 4096


@dataclass(frozen=True)
class _Shown:
    note: ProgressNote
    at: float
    heard: datetime
    """When the newest note came, worth a pass or not."""


class Board:
    """Notes by Pod; the Pods that were silent longest are forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shown: OrderedDict[str, _Shown] = OrderedDict()

    def post(self, note: ProgressNote) -> bool:
        """Take a note; whether it is worth a pass."""
        shown = self._shown.get(note.pod_uid)
        is_worth = shown is None or self._is_worth(note, shown)
        if shown is None or is_worth:
            self._shown[note.pod_uid] = _Shown(note, self._clock(), note.received_at)
        else:
            self._shown[note.pod_uid] = replace(shown, heard=note.received_at)
        self._shown.move_to_end(note.pod_uid)
        if len(self._shown) > PODS_MAX:
            self._shown.popitem(last=False)
        return is_worth

    def shown(self, pod_uid: str) -> ProgressNote | None:
        """What planners may know of a Pod's progress."""
        found = self._shown.get(pod_uid)
        return found.note if found else None

    def heard(self, pod_uid: str) -> datetime | None:
        """When a Pod last reported, or None."""
        found = self._shown.get(pod_uid)
        return found.heard if found else None

    def _is_worth(self, note: ProgressNote, shown: _Shown) -> bool:
        is_time = self._clock() - shown.at >= PERIOD_SECONDS
        return is_time and percent(note) != percent(shown.note)


def percent(note: ProgressNote) -> int:
    """Share done, in whole per cent."""
    return 100 * note.step // note.total_steps
