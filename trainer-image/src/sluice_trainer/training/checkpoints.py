"""Checkpoints in the store: one folder per step, a marker last, the newest complete one wins.

    train/<fingerprint>/checkpoints/step-<n>/<attempt>/...   files and their manifest
    train/<fingerprint>/checkpoints/step-<n>/done-<mark>.json names the attempt's folder that holds

What a checkpoint contains belongs to `state.py`.
"""

import logging
import re
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sluice_api.contracts.manifests import Marker
from sluice_api.errors import DependencyUnavailable
from sluice_api.layout import checkpoint_key, checkpoints_key, done_mark
from sluice_store import markers
from sluice_store.base import ObjectStore
from sluice_store.files import Damaged, fetch_folder, upload_folder
from sluice_trainer.context import Clock

_STEP = re.compile(r"/step-([0-9]{8,12})/")
OUTAGE_WAITS_S = (5.0, 15.0, 30.0)
"""Waits between tries at one upload, each of which is patient for some 20 s by itself: a store that is away
for a minute costs no step. A process that gave up at once would train two intervals again."""

_log = logging.getLogger(__name__)


@dataclass
class Checkpoints:
    """The checkpoints of one fingerprint. Uploads run beside training, one at a time."""

    store: ObjectStore
    fingerprint: str
    attempt: str
    """Name of this attempt's folders; no other attempt writes there."""
    keep_last: int
    clock: Clock
    work: Path
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the attempt is asked to end: an upload that fails then is not tried again."""
    waits_s: tuple[float, ...] = OUTAGE_WAITS_S
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "checkpoint"))
    _upload: Future[None] | None = None

    def save(self, step: int, write: Callable[[Path], None]) -> None:
        """Write now, upload in the background. A failed upload is raised by the next call or by `finish`."""
        self.finish()
        local = self.work / f"step-{step}"
        local.mkdir(parents=True)
        write(local)
        self._upload = self._pool.submit(self._publish_patiently, step, local)

    def finish(self) -> None:
        """Wait for the upload. Raises what went wrong there."""
        if self._upload is not None:
            upload, self._upload = self._upload, None
            upload.result()

    def resume(self, destination: Path) -> int | None:
        """Fetch the newest complete checkpoint, whichever attempt wrote it. The step, or None for none.

        A damaged one is voided and the one before it is taken.
        """
        for step in sorted(self._complete(), reverse=True):
            key = checkpoint_key(self.fingerprint, step)
            for found in markers.look(self.store, key).found:
                marker = found.marker
                try:
                    fetch_folder(self.store, marker.folder, marker.manifest_digest, destination)
                except Damaged as damage:
                    _log.warning("checkpoint of step %d is damaged: %s", step, damage.message)
                    markers.mark_damaged(self.store, key, found.mark, damage.note)
                    shutil.rmtree(destination, ignore_errors=True)
                    continue
                return step
        return None

    def _publish_patiently(self, step: int, local: Path) -> None:
        for wait_s in self.waits_s:
            try:
                self._publish(step, local)
                return
            except DependencyUnavailable as error:
                _log.warning("the checkpoint of step %d is tried again in %g s: %s", step, wait_s, error)
                if self.stop.wait(wait_s):
                    raise
        self._publish(step, local)

    def _publish(self, step: int, local: Path) -> None:
        key = checkpoint_key(self.fingerprint, step)
        if markers.find(self.store, key) is None:
            folder = f"{key}/{self.attempt}"
            manifest = upload_folder(
                self.store, local, folder, {"fingerprint": self.fingerprint, "step": step}
            )
            markers.publish(
                self.store,
                key,
                Marker(
                    folder=folder,
                    manifest_digest=manifest.digest,
                    created_at=f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}",
                ),
            )
        shutil.rmtree(local, ignore_errors=True)  # gone already when only the pruning is tried again
        self._prune()

    def _prune(self) -> None:
        """Forget what is older than the newest ones. Markers go first: nothing trusts what a crash leaves."""
        kept = sorted(self._complete())[-self.keep_last :]
        listed = self.store.list(checkpoints_key(self.fingerprint))
        keys = [k for k in listed if (step := _step_of(k)) is not None and step < min(kept)]
        for key in sorted(keys, key=lambda k: done_mark(k) is None):
            self.store.delete(key)

    def _complete(self) -> set[int]:
        """Steps whose newest marker holds."""
        keys = list(self.store.list(checkpoints_key(self.fingerprint)))
        marked = {step for key in keys if done_mark(key) and (step := _step_of(key)) is not None}
        return {
            s for s in marked if markers.find(self.store, checkpoint_key(self.fingerprint, s)) is not None
        }


def _step_of(key: str) -> int | None:
    """The step that a key belongs to; None for what somebody else put there."""
    match = _STEP.search(key)
    return int(match.group(1)) if match else None
