"""The client's own watch of Jobs: the moment in which a Job is seen, on the client's clock."""

import contextlib
import http.client
import json
import queue
import ssl
import threading
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sluice_operator.kinds import WATCHED
from support.kubeapi import KubeApi, hang_up, whole_lines

WAIT_SECONDS = 60.0
_ADDED = b'{"type":"ADDED"'


class JobWatch:
    """Use it as a context manager; it tells of each Job that is made from then on."""

    def __init__(self, api: KubeApi, namespace: str) -> None:
        path = WATCHED["Job"].path(namespace)
        version = api.call("GET", f"{path}?limit=1").body["metadata"]["resourceVersion"]
        url = urlsplit(api.plane.url)
        context = ssl.create_default_context(cafile=str(api.plane.ca_file))
        self._connection = http.client.HTTPSConnection(str(url.hostname), url.port, context=context)
        headers = {"Authorization": f"Bearer {api.plane.token}"}
        self._connection.request("GET", f"{path}?watch=true&resourceVersion={version}", headers=headers)
        self._socket = self._connection.sock
        self._stream = self._connection.getresponse()
        self._news: queue.SimpleQueue[tuple[str, float]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        hang_up(self._socket)
        self._thread.join(timeout=10)
        self._connection.close()

    def wait(self, prefix: str) -> float:
        """When the first Job whose name begins so was seen. Raises queue.Empty when none comes."""
        deadline = time.perf_counter() + WAIT_SECONDS
        while True:
            name, seen_at = self._news.get(timeout=max(0.01, deadline - time.perf_counter()))
            if name.startswith(prefix):
                return seen_at

    def _read(self) -> None:
        # It ends when the stream is shut: by us at the end, or by the server, and then `wait` says so.
        with contextlib.suppress(OSError, http.client.HTTPException):
            for line in whole_lines(self._stream):
                seen_at = time.perf_counter()
                if line.startswith(_ADDED):
                    self._news.put((json.loads(line)["object"]["metadata"]["name"], seen_at))
