"""Builds what a stage is given: the envelope, the clock, the store, the work folder, the progress sinks.

The only module that reads the environment. Whether work is already finished is `attempt.py`'s question.
"""

import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sluice_api import reasons
from sluice_api.base import ApiModel
from sluice_api.contracts.envelope import TOKEN_FILE, WORK_FOLDER, Envelope, request_hash
from sluice_api.contracts.requests import REQUESTS
from sluice_api.errors import InputWrong
from sluice_api.layout import attempt_folder
from sluice_store.open import open_store
from sluice_trainer.context import Context
from sluice_trainer.report.progress import FileSender, HttpSender, Progress, Sender

PROGRESS_NAME = "progress.json"


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """Time of day, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def timestamp(moment: datetime) -> str:
    """A moment as the contracts write it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def load_envelope(stage: str, text: str) -> tuple[Envelope, ApiModel]:
    """Envelope and typed request. Raises InputWrong(STAGE_REQUEST_INVALID) that names every bad path.

    A request written by hand may leave out `requestHash`.
    """
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise InputWrong(reasons.STAGE_REQUEST_INVALID, f"the request is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise InputWrong(
            reasons.STAGE_REQUEST_INVALID, f"the request is a {type(data).__name__}, not an object"
        )
    if data.get("stage") != stage:
        raise InputWrong(
            reasons.STAGE_REQUEST_INVALID,
            f"stage: the command says {stage}, the request says {data.get('stage')!r}",
        )
    request = _typed(data, stage)
    data.setdefault("requestHash", request_hash(stage, request))
    try:
        return Envelope.parse(data), request
    except ValidationError as error:
        raise InputWrong(reasons.STAGE_REQUEST_INVALID, bad_paths(error)) from error


def bad_paths(error: ValidationError, prefix: str = "") -> str:
    """Every bad path and what is wrong there, without the values, which may be rows or secrets."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{prefix}{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in found)


@contextmanager
def opened_context(envelope: Envelope, work: Path | None) -> Iterator[Context]:
    """The context of one attempt. Its scratch folder goes when the attempt ends."""
    clock = SystemClock()
    with _work_folder(work) as top:
        progress = Progress(_senders(envelope, top), clock)
        scratch = top / f"attempt-{uuid.uuid4().hex[:8]}"
        pod = os.environ.get("POD_UID") or uuid.uuid4().hex
        left = envelope.deadline_seconds
        try:
            scratch.mkdir()
            yield Context(
                envelope=envelope,
                store=open_store(envelope.store),
                folder=attempt_folder(envelope.stage, envelope.request_hash, pod),
                work=scratch,
                clock=clock,
                progress=progress,
                deadline=None if left is None else clock.monotonic() + left,
            )
        finally:
            progress.close()
            shutil.rmtree(scratch, ignore_errors=True)


def _typed(data: dict[str, Any], stage: str) -> ApiModel:
    try:
        return REQUESTS[stage].parse(data.get("request") or {})
    except ValidationError as error:
        raise InputWrong(reasons.STAGE_REQUEST_INVALID, bad_paths(error, "request.")) from error


@contextmanager
def _work_folder(given: Path | None) -> Iterator[Path]:
    """The given folder, or a Pod's own, or a temporary one."""
    if given is None and "POD_UID" not in os.environ:
        with tempfile.TemporaryDirectory(prefix="sluice-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    folder_path = given or Path(WORK_FOLDER)
    folder_path.mkdir(parents=True, exist_ok=True)
    yield folder_path


def _senders(envelope: Envelope, top: Path) -> list[Sender]:
    senders: list[Sender] = [FileSender(top / PROGRESS_NAME)]
    if envelope.progress is not None:
        senders.append(HttpSender(envelope.progress.url, envelope.progress.ca_pem, Path(TOKEN_FILE)))
    return senders
