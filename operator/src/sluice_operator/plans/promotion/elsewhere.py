"""Removes what leads a Service elsewhere: EndpointSlices that neither a slot nor the cluster put there.

A Service leads to every address of every slice that bears its name in a label. The cluster's own slices
follow the selector; any other one takes its share of the traffic past gate, slot and chain.
"""

from typing import Final

from sluice_api import reasons
from sluice_operator.model import Delete, EventNote, Observed, SliceView
from sluice_operator.plans.draft import Draft

_PAUSE: Final = 1.0
"""Seconds that a slice is let be, so that who writes it again and again does not keep the operator busy."""


def remove_slices(observed: Observed, draft: Draft) -> None:
    """Delete foreign slices of the public Service and of the slots' Services."""
    for found in observed.me.slices:
        left = _PAUSE - (observed.now - found.meta.created_at).total_seconds()
        if left > 0:
            draft.wake_in(left)
        elif not found.meta.deleting:
            _remove(found, draft)


def _remove(found: SliceView, draft: Draft) -> None:
    by = f"managed by {found.managed_by!r}" if found.managed_by else "managed by nobody"
    to = ", ".join(found.addresses) or "no address"
    why = f"EndpointSlice {found.meta.name} ({by}) led Service {found.service} to {to}; it is removed"
    draft.delete(Delete("EndpointSlice", found.meta.name, found.meta.uid, why))
    draft.events.append(EventNote(reasons.TRAFFIC_TAMPERED, why))
