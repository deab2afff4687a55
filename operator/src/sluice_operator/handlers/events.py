"""kopf as a source of wake-ups: it watches, and it writes nothing.

Only `kopf.on.event` is used: no other handler keeps its promise through a failed write, a missed deletion or
a restart. Children are filtered by the API server, by label.
"""

import ssl
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import kopf

from sluice_api.meta import GROUP
from sluice_operator import metrics
from sluice_operator.kinds import SELECTORS, WATCHED, Kind

Told = Callable[[Kind, str | None, object], None]
"""Takes kind, type of the event (None for an object of a list) and object. Called in kopf's thread."""


def registry(tell: Told, connect: Callable[[], kopf.AiohttpSession]) -> kopf.OperatorRegistry:
    """Handlers for every watched kind, and the one login."""
    found = kopf.OperatorRegistry()
    for kind, path in WATCHED.items():
        kopf.on.event(path.group, path.version, path.plural, id=kind, registry=found)(_handler(kind, tell))

    async def login(**_: Any) -> kopf.AiohttpSession:
        return connect()

    kopf.on.login(registry=found)(login)
    return found


def session(
    info: kopf.ConnectionInfo, context: ssl.SSLContext, listed: Callable[[str], None]
) -> kopf.AiohttpSession:
    """kopf's connections, which tell the path of each list: kopf tells nobody of an empty one."""

    async def ended(_: object, __: object, found: aiohttp.TraceRequestEndParams) -> None:
        is_list = found.method == "GET" and not {"watch", "continue"} & set(found.url.query)
        if is_list and found.response.status == 200:
            listed(found.url.path)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    made = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=context),
        headers=info.as_http_headers(),
        proxy=info.proxy_url,
        trust_env=info.trust_env,
        trace_configs=[trace],
    )
    return kopf.AiohttpSession(
        server=info.server, default_namespace=info.default_namespace, aiohttp_session=made
    )


def _handler(kind: Kind, tell: Told) -> Callable[..., Any]:
    async def on_event(event: Any, **_: Any) -> None:
        metrics.WATCH_EVENTS.labels(kind).inc()
        metrics.WATCH_LAST_EVENT.labels(kind).set(time.time())
        tell(kind, event["type"], event["object"])

    return on_event


class _NoProgress(kopf.ProgressStorage):  # type: ignore[misc]
    """Keeps nothing, so that kopf has nothing to write into objects."""

    def fetch(self, **_: Any) -> None:
        """Nothing is known."""

    def store(self, **_: Any) -> None:
        """Nothing is kept."""

    def purge(self, **_: Any) -> None:
        """Nothing is there."""

    def touch(self, **_: Any) -> None:
        """Nothing is changed."""

    def clear(self, *, essence: Any) -> Any:
        """The essence as it is."""
        return essence


class _NoDiffBase(kopf.DiffBaseStorage):  # type: ignore[misc]
    """Compares nothing; kopf's own copies every object at every event, for handlers that we do not have."""

    def build(self, **_: Any) -> Any:
        """Nothing of an object counts."""
        return {}

    def fetch(self, **_: Any) -> None:
        """Nothing is known."""

    def store(self, **_: Any) -> None:
        """Nothing is kept."""


def settings() -> kopf.OperatorSettings:
    """kopf's settings, each set on purpose; `docs/adr` tells why kopf does no more than this."""
    found = kopf.OperatorSettings()
    found.posting.enabled = False
    found.scanning.disabled = True
    found.peering.standalone = True
    found.watching.inactivity_timeout = 70
    found.watching.server_timeout = 240
    found.watching.client_timeout = 270
    found.watching.connect_timeout = 5
    found.watching.chunk_size = 500
    found.networking.request_timeout = 15
    found.networking.connect_timeout = 5
    found.networking.error_backoffs = (0.5, 1, 2, 4, 8)
    found.networking.enforce_retry_after = True
    found.queueing.idle_timeout = 1
    found.queueing.exit_timeout = 0.1
    found.queueing.error_delays = (1, 2, 5, 10, 30, 60)
    found.process.ultimate_exiting_timeout = None
    found.persistence.finalizer = f"{GROUP}/unused-by-kopf"
    found.persistence.progress_storage = _NoProgress()
    found.persistence.diffbase_storage = _NoDiffBase()
    for kind, selector in SELECTORS.items():
        path = WATCHED[kind]
        found.watching.label_selectors[path.group, path.version, path.plural] = selector
    return found
