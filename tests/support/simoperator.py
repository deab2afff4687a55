"""The operator as a process in a simulation: its own reconciler over its own cache, stopped between any two
writes.

Everything from the cache to the writer is the real code; only the transport, the clock and the scheduler are
played. A pass is a coroutine that pauses before each write: there it goes on, is frozen, or is killed.
"""

from collections import deque
from collections.abc import AsyncIterator, Coroutine, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sluice_operator.adapters.cluster.cluster import Listed
from sluice_operator.adapters.cluster.errors import ApiError, NotFound
from sluice_operator.cache import Cache, Snapshot
from sluice_operator.intake import Intake
from sluice_operator.kinds import CONFIG_MAP, WATCHED, Kind, KindPath
from sluice_operator.model import EventNote, Key, Observed, Resource
from sluice_operator.observe import Observer
from sluice_operator.plans import PLANNERS
from sluice_operator.reconcile import Outcome, Reconciler
from sluice_operator.settings import Settings
from sluice_operator.views import View, view_of
from sluice_operator.writes import ChildConflict, Outdated
from support.plaincopy import copied
from support.simapi import NAMESPACE, ApiServer, Change, Raw

KINDS: Mapping[KindPath, Kind] = {path: kind for kind, path in WATCHED.items()}
LONGEST_BACKOFF = 300.0


class _Pause:
    def __await__(self) -> Generator[None, None, None]:
        yield


class SimClient:
    """The cluster adapter's methods over the simulated API server; pauses before each write and its reads."""

    def __init__(self, api: ApiServer, actor: str) -> None:
        self._api = api
        self.actor = actor
        self.config_maps: dict[str, Raw] = {}
        self.warnings: dict[str, list[Raw]] = {}
        """Events that warn about an object, by its UID."""
        self.pauses = True
        """The next request begins a new write, reads before it included."""

    async def _turn(self, *, writes: bool) -> None:
        if self.pauses:
            await _Pause()
        self.pauses = writes

    async def get(self, path: KindPath, namespace: str, name: str) -> Raw:
        if path == CONFIG_MAP:
            if name not in self.config_maps:
                raise NotFound(404, f"configmaps {name} not found")
            return {"data": self.config_maps[name]}
        await self._turn(writes=False)
        return self._api.get(KINDS[path], name)

    async def create(self, manifest: Raw) -> Raw:
        await self._turn(writes=True)
        return self._api.create(manifest, self.actor)

    async def apply(self, manifest: Raw) -> Raw:
        await self._turn(writes=True)
        return self._api.apply(manifest, self.actor)

    async def patch(self, kind: Kind, namespace: str, name: str, body: Raw, version: str) -> Raw:
        await self._turn(writes=True)
        return self._api.patch(kind, name, body, version, self.actor)

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str, version: str = "") -> Raw | None:
        await self._turn(writes=True)
        try:
            self._api.delete(kind, name, uid, version, self.actor)
        except NotFound:
            return None
        return None

    async def write_status(self, kind: Kind, namespace: str, name: str, uid: str, status: Raw) -> Raw:
        await self._turn(writes=True)
        return self._api.write_status(kind, name, uid, status, self.actor)

    async def warnings_about(self, namespace: str, uid: str) -> tuple[Raw, ...]:
        return tuple(self.warnings.get(uid, ()))

    async def list_pages(self, kind: Kind, namespace: str, labels: str = "") -> AsyncIterator[Listed]:
        yield Listed(str(self._api.version), tuple(copied(self._api.of(kind))))


@dataclass(frozen=True)
class Told:
    """An Event that the operator would have posted."""

    key: Key
    note: EventNote


class SimRecorder:
    """Keeps the newest Events."""

    def __init__(self) -> None:
        self.told: deque[Told] = deque(maxlen=200)

    async def post(self, resource: Resource, note: EventNote) -> None:
        self.told.append(Told(resource.key, note))


class SimOperator:
    """One process of the operator. A dead one is thrown away; a new one lists everything at its start."""

    def __init__(self, api: ApiServer, settings: Settings, actor: str) -> None:
        self._api = api
        self.cache = Cache()
        self.recorder = SimRecorder()
        self.due: dict[Key, float] = {}
        """When each object wants to be looked at again, by the clock that nobody can set."""
        self.passes: dict[Key, Coroutine[Any, Any, Outcome]] = {}
        """Passes that stand before their next write."""
        self.deaf: set[Kind] = set()
        """Kinds whose watch lags."""
        self.last_list = api.elapsed
        self._failures: dict[Key, int] = {}
        self._news: dict[Kind, deque[tuple[str, View]]] = {kind: deque() for kind in WATCHED}
        self._client = self.client = SimClient(api, actor)
        intake = Intake(self.cache, self._wake)
        self._intake = intake
        observer = Observer(self.cache, self._client, intake, settings, self._now, lambda _: None)  # type: ignore[arg-type]
        self._reconciler = Reconciler(observer, PLANNERS, self._client, intake, self.recorder)  # type: ignore[arg-type]
        self._settings = settings
        api.listeners.append(self._hear)
        self.relist()

    def _now(self) -> datetime:
        return self._api.now

    # What it knows

    def _wake(self, key: Key) -> None:
        self.due[key] = self._api.elapsed

    def _hear(self, change: Change) -> None:
        self._news[change.kind].append((change.verb, change.view))

    def deliver(self) -> None:
        """Hand over the news of all watches that do not lag."""
        for kind, news in self._news.items():
            while news and kind not in self.deaf:
                verb, view = news.popleft()
                if verb == "delete":
                    self._intake.remove_view(kind, view)
                else:
                    self._intake.take_view(kind, view)

    def relist(self) -> None:
        """List everything, as at the start and every ten minutes."""
        self.last_list = self._api.elapsed
        for kind in WATCHED:
            self._news[kind].clear()
            views = tuple(view_of(kind, data) for data in self._api.of(kind))
            began = self.cache.begin_list()
            self._intake.take_list(Snapshot(kind, NAMESPACE, self._api.version, began, views))
        self._intake.wake_all()

    def observe(self, key: Key) -> Observed | None:
        """What a planner would see."""
        world = self.cache.world(key)
        finished, users = self.cache.finished(world), self.cache.users(key)
        return (
            Observed(world[key], world, self._settings, self._now(), finished, users)
            if key in world
            else None
        )

    # What it does

    def ready(self) -> list[Key]:
        """Objects that a worker could take now, longest waiting first."""
        waiting = sorted((when, key) for key, when in self.due.items() if when <= self._api.elapsed)
        return [key for _, key in waiting if key not in self.passes]

    def begin(self, key: Key) -> None:
        """Take an object: observe and plan it, up to before the first write."""
        self.due.pop(key, None)
        self.passes[key] = self._reconciler.reconcile(key)
        self.advance(key)

    def advance(self, key: Key) -> None:
        """Do the next write of a pass, and go on up to before the one after."""
        self._client.pauses = True
        try:
            self.passes[key].send(None)
        except StopIteration as end:
            self._end(key, end.value)
        except (Outdated, ChildConflict, ApiError):
            self._fail(key)

    def run(self, key: Key) -> None:
        """A whole pass."""
        self.begin(key)
        while key in self.passes:
            self.advance(key)

    def _end(self, key: Key, outcome: Outcome) -> None:
        del self.passes[key]
        self._failures.pop(key, None)
        if outcome.requeue_after is not None and key not in self.due:
            self.due[key] = self._api.elapsed + outcome.requeue_after

    def _fail(self, key: Key) -> None:
        del self.passes[key]
        self._failures[key] = self._failures.get(key, 0) + 1
        wait = min(0.005 * 2 ** self._failures[key], LONGEST_BACKOFF)
        self.due[key] = self._api.elapsed + wait

    def rename(self, actor: str) -> None:
        """Its writes are told under another name from now on."""
        self._client.actor = actor

    def kill(self) -> None:
        """End the process: what it was about to do never happens."""
        for coroutine in self.passes.values():
            coroutine.close()
        self.passes.clear()
        self._api.listeners.remove(self._hear)
