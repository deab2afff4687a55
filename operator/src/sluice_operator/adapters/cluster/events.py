"""Kubernetes Events: names follow content, so that a repetition is told once and a crash repeats nothing.

An Event is a help for people. Failing to post one is counted, and never fails anything else.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sluice_api.hashing import content_hash
from sluice_api.meta import FIELD_MANAGER
from sluice_operator import metrics
from sluice_operator.adapters.cluster.errors import AlreadyExists, ApiError
from sluice_operator.adapters.cluster.transport import Request, Transport
from sluice_operator.kinds import EVENT, RESOURCES
from sluice_operator.model import EventNote, Resource

LOG = logging.getLogger(__name__)
BURST = 25
REFILL_SECONDS = 300.0
REMEMBERED_OBJECTS = 4096
MESSAGE_MAX = 1024


class Recorder:
    """Posts Events about our objects, at most `BURST` at once for each and then one in five minutes."""

    def __init__(
        self, transport: Transport, instance: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport = transport
        self._instance = instance
        self._clock = clock
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def post(self, resource: Resource, note: EventNote) -> None:
        """Post one Event, unless it was told already or there are too many."""
        if not self._may_post(resource.meta.uid):
            metrics.EVENTS_DROPPED.labels("rate").inc()
            return
        try:
            path = EVENT.path(resource.meta.namespace)
            await self._transport.send(Request("POST", path, body=event_of(resource, note, self._instance)))
        except AlreadyExists:
            return
        except ApiError as error:
            metrics.EVENTS_DROPPED.labels("error").inc()
            LOG.warning("event not posted", extra={"reason": note.reason.camel, "error": error.message})
            return
        metrics.EVENTS.labels(resource.kind, note.reason.camel, note.reason.severity.value).inc()

    def _may_post(self, uid: str) -> bool:
        now = self._clock()
        left, since = self._tokens.pop(uid, (float(BURST), now))
        left = min(float(BURST), left + (now - since) / REFILL_SECONDS)
        self._tokens[uid] = (max(0.0, left - 1), now)
        if len(self._tokens) > REMEMBERED_OBJECTS:
            self._tokens.popitem(last=False)
        return left >= 1


def event_of(resource: Resource, note: EventNote, instance: str) -> dict[str, Any]:
    """The Event as events.k8s.io/v1 wants it."""
    meta, path = resource.meta, RESOURCES[resource.kind]
    told = content_hash([meta.uid, meta.generation, note.reason.code, note.message])
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"name": f"{meta.name}.{told[:16]}", "namespace": meta.namespace},
        "eventTime": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "type": note.reason.severity.value,
        "reason": note.reason.camel,
        "action": note.reason.camel,
        "note": note.message[:MESSAGE_MAX],
        "reportingController": FIELD_MANAGER,
        "reportingInstance": instance,
        "regarding": {
            "apiVersion": path.api_version,
            "kind": path.kind,
            "namespace": meta.namespace,
            "name": meta.name,
            "uid": meta.uid,
        },
    }
