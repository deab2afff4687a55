"""The Pods of a namespace, kept by a list and a watch as a kubelet does: looking at them costs no request."""

import http.client
import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from support.background import Background
from support.kubeapi import connect, hang_up, whole_lines
from support.teamspace import Raw, Teamspace

NOT_ENDED = "fieldSelector=status.phase!%3DSucceeded,status.phase!%3DFailed"
AGAIN_SECONDS = 0.2


@dataclass
class PodWatch:
    """Pods that have not ended; use it as a context manager. An API server that is away is asked again."""

    space: Teamspace
    changed: threading.Event = field(default_factory=threading.Event)
    _pods: dict[str, Raw] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _connection: http.client.HTTPSConnection | None = None
    _background: Background = field(init=False)

    def __post_init__(self) -> None:
        self._background = Background(self._step)

    def __enter__(self) -> Self:
        self._background.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background.stopping.set()
        if self._connection is not None:
            hang_up(self._connection.sock)
        self._background.end(error)

    def pods(self) -> list[Raw]:
        """The Pods as they were last heard of, oldest news first."""
        with self._lock:
            return list(self._pods.values())

    def take(self, pod: Raw) -> None:
        """News of a Pod, from the watch or from the answer to a write; the later version counts."""
        uid = pod["metadata"]["uid"]
        with self._lock:
            known = self._pods.get(uid)
            if known is None or _version(known) < _version(pod):
                self._pods[uid] = pod
        self.changed.set()

    def _step(self) -> None:
        with suppress(OSError, http.client.HTTPException):
            self._follow()
        self._background.stopping.wait(AGAIN_SECONDS)

    def _follow(self) -> None:
        path = f"/api/v1/namespaces/{self.space.name}/pods?{NOT_ENDED}"
        listed = self.space.api.call("GET", path)
        assert listed.code == 200, listed
        with self._lock:
            self._pods = {pod["metadata"]["uid"]: pod for pod in listed.body["items"]}
        self.changed.set()
        self._connection = connect(self.space.api.plane, timeout=None)
        version = listed.body["metadata"]["resourceVersion"]
        header = {"Authorization": f"Bearer {self.space.api.plane.token}"}
        self._connection.request("GET", f"{path}&watch=1&resourceVersion={version}", headers=header)
        for line in whole_lines(self._connection.getresponse()):
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            if event["type"] == "DELETED":
                with self._lock:
                    self._pods.pop(event["object"]["metadata"]["uid"], None)
            else:
                self.take(event["object"])


def _version(pod: Raw) -> int:
    return int(pod["metadata"]["resourceVersion"])
