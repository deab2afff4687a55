"""kopf in a thread and a loop of its own: at its end it cancels every task that it finds in its loop.

Its news cross into the operator's loop. Its death ends the operator: a process that watches nothing must not
live on.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

import kopf

from sluice_operator import metrics
from sluice_operator.handlers import events
from sluice_operator.intake import Intake
from sluice_operator.kinds import WATCHED, Kind
from sluice_operator.views import View, view_of

LOG = logging.getLogger(__name__)
WATCHER_TASK = "watcher for "
"""How kopf names the tasks that watch."""
CHECK_SECONDS = 1.0
PATIENCE_SECONDS = 20.0
"""How long watches may be missing. kopf looks only once for what it may watch: in the moment when an API
server comes back it finds some kinds missing, and would never watch them."""


class WatchEnded(Exception):
    """kopf stopped watching."""


class Watch:
    """Watches all kinds, in all or in some namespaces."""

    def __init__(
        self,
        intake: Intake,
        connect: Callable[[Callable[[str], None]], kopf.AiohttpSession],
        namespaces: Sequence[str],
        on_relist: Callable[[], None],
    ) -> None:
        """`connect` makes kopf's connections, which call what they are given with the path of each list."""
        self._intake = intake
        self._connect = connect
        self._namespaces = namespaces
        self._on_relist = on_relist
        self._stop = threading.Event()
        self._own_loop = asyncio.new_event_loop()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        spaces: Sequence[str | None] = tuple(namespaces) or (None,)
        self._unlisted = {path.path(space): kind for kind, path in WATCHED.items() for space in spaces}
        self._listed: dict[str, Kind] = {}
        """Paths that were listed before."""
        self._news: deque[tuple[Kind, str | None, View]] = deque()
        self._is_called = False
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    async def run(self) -> None:
        """Watch until cancelled. Raises WatchEnded."""
        self._thread.start()
        wanted = len(WATCHED) * max(1, len(self._namespaces))
        whole_at = self._loop.time()
        try:
            while not self._ended.done():
                await asyncio.wait({self._ended}, timeout=CHECK_SECONDS)
                living = self._living()
                metrics.WATCHES.set(living)
                whole_at = self._loop.time() if living >= wanted else whole_at
                if self._loop.time() - whole_at > PATIENCE_SECONDS:
                    raise WatchEnded(f"only {living} of {wanted} watches are alive")
        finally:
            self._stop.set()
        raise WatchEnded("kopf stopped watching; its log says why")

    def _living(self) -> int:
        """Number of watches that are alive: one may never start, or end without a word."""
        if not self._own_loop.is_running():
            return 0
        tasks = tuple(asyncio.all_tasks(self._own_loop))
        return sum(task.get_name().startswith(WATCHER_TASK) and not task.done() for task in tasks)

    def _run(self) -> None:
        asyncio.set_event_loop(self._own_loop)
        try:
            kopf.run(
                loop=self._own_loop,
                registry=events.registry(self._tell, lambda: self._connect(self._tell_list)),
                settings=events.settings(),
                clusterwide=not self._namespaces,
                namespaces=list(self._namespaces),
                stop_flag=self._stop,
            )
        except Exception:
            LOG.exception("kopf failed")
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _tell(self, kind: Kind, event: str | None, data: object) -> None:
        if self._loop.is_closed():
            return
        self._news.append((kind, event, view_of(kind, data)))
        # Each call across gives up the interpreter, which a busy loop gives back only after milliseconds: one
        # fetches all that came until it is heard.
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon_threadsafe(self._take_news)

    def _tell_list(self, path: str) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note_list, path)

    def _note_list(self, path: str) -> None:
        """A second list: the stream broke, and no list, least of all an empty one, tells what was deleted."""
        if path in self._listed:
            metrics.RELISTS.labels(self._listed[path]).inc()
            self._on_relist()
        elif path in self._unlisted:
            self._listed[path] = self._unlisted.pop(path)

    def _take_news(self) -> None:
        self._is_called = False
        for _ in range(len(self._news)):
            self._take(*self._news.popleft())

    def _take(self, kind: Kind, event: str | None, view: View) -> None:
        if event == "DELETED":
            self._intake.remove_view(kind, view)
        else:
            self._intake.take_view(kind, view)
