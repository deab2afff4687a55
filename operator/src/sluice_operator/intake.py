"""Where news comes in: into the cache, and to the queue for everybody whom they concern.

The same door for watch events, lists and the answers to our own writes. Never I/O.
"""

from collections.abc import Callable

from sluice_operator.cache import Cache, Concerned, Snapshot
from sluice_operator.kinds import Kind
from sluice_operator.model import Key
from sluice_operator.views import View, view_of


class Intake:
    """Takes news and wakes keys."""

    def __init__(self, cache: Cache, wake: Callable[[Key], None]) -> None:
        self._cache = cache
        self._wake = wake

    def take(self, kind: Kind, data: object, by: Key | None = None) -> View:
        """An object as the API server just gave it; whoever wrote it knows, and is not woken."""
        view = view_of(kind, data)
        self._wake_all(self._cache.put(kind, view) - {by})
        return view

    def take_view(self, kind: Kind, view: View) -> None:
        """The same, already read."""
        self._wake_all(self._cache.put(kind, view))

    def remove_view(self, kind: Kind, view: View) -> None:
        """An object that is gone for good."""
        self._wake_all(self._cache.remove(kind, view))

    def remove_named(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """An object that the API server says is not there; what has another UID is somebody else."""
        view = self._cache.get(kind, namespace, name)
        if view is not None and view.meta.uid == uid:
            self.remove_view(kind, view)

    def take_list(self, snapshot: Snapshot) -> None:
        """A complete list."""
        self._wake_all(self._cache.replace(snapshot))

    def wake_all(self) -> None:
        """Look at every object of ours."""
        self._wake_all(frozenset(self._cache.keys()))

    def _wake_all(self, keys: Concerned) -> None:
        for key in sorted(keys):
            self._wake(key)
