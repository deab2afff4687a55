"""Exit codes: a contract with the Job's podFailurePolicy."""

import errno
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from sluice_api import errors, reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.manifests import FileEntry, FileManifest
from sluice_api.errors import InputWrong
from sluice_api.reasons import Reason
from sluice_trainer.interrupts import DeadlineNow, StopNow
from sluice_trainer.outcome import ending_of, is_out_of_memory
from sluice_trainer.runtime import load_envelope
from sluice_trainer.stages.fetch import strangers
from sluice_trainer.stages.verify import SmokeRow, check_rows

KEPT = UriDigest(uri="verify/x/y", digest="sha256:" + "0" * 64)
ENDINGS: list[tuple[BaseException, int, Reason]] = [
    (errors.InputWrong(reasons.TOO_FEW_ROWS, "m"), 64, reasons.TOO_FEW_ROWS),
    (errors.NothingToReport(reasons.NOTHING_TO_REPORT, "m"), 66, reasons.NOTHING_TO_REPORT),
    (errors.DependencyUnavailable(reasons.LOCK_HELD, "m"), 69, reasons.LOCK_HELD),
    (errors.StageBug(reasons.LOAD_BACK_FAILED, "m"), 70, reasons.LOAD_BACK_FAILED),
    (errors.OutOfMemory(reasons.OUT_OF_MEMORY, "m"), 71, reasons.OUT_OF_MEMORY),
    (errors.DeadlineExceeded(reasons.DEADLINE_EXCEEDED, "m"), 72, reasons.DEADLINE_EXCEEDED),
    (errors.StoppedOnRequest(reasons.STOPPED_ON_REQUEST, "m"), 75, reasons.STOPPED_ON_REQUEST),
    (StopNow(), 75, reasons.STOPPED_ON_REQUEST),
    (DeadlineNow(), 72, reasons.DEADLINE_EXCEEDED),
    (MemoryError(), 71, reasons.OUT_OF_MEMORY),
    (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate"), 71, reasons.OUT_OF_MEMORY),
    (OSError(errno.ENOSPC, "No space left on device"), 70, reasons.WORK_FOLDER_FULL),
    (ZeroDivisionError("x"), 70, reasons.STAGE_CRASHED),
    (KeyboardInterrupt(), 70, reasons.STAGE_CRASHED),
]


@pytest.mark.parametrize(("error", "code", "reason"), ENDINGS, ids=lambda v: type(v).__name__)
def test_T21_every_ending_has_its_own_code_and_reason(
    error: BaseException, code: int, reason: Reason
) -> None:
    ending = ending_of(error)
    assert (int(ending.code), ending.reason) == (code, reason)


def test_T20_the_devices_memory_is_recognised_when_torch_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class DeviceMemory(RuntimeError):
        """Stands for torch.OutOfMemoryError."""

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(OutOfMemoryError=DeviceMemory))
    assert is_out_of_memory(DeviceMemory("CUDA out of memory"))
    monkeypatch.delitem(sys.modules, "torch")
    assert not is_out_of_memory(DeviceMemory("CUDA out of memory"))


def test_a_crash_never_quotes_the_value_that_was_wrong() -> None:
    with pytest.raises(ValidationError) as caught:
        FileEntry(path="../a private row", sha256="x", size_bytes=1)
    assert "private" not in ending_of(caught.value).message


def request(**changes: Any) -> dict[str, Any]:
    wanted = {"artifact": {"uri": "artifacts/x", "digest": "sha256:" + "0" * 64}, "destination": "/model"}
    envelope = {"stage": "fetch", "namespace": "n", "owner": "o", "request": wanted}
    return {**envelope, "store": {"root": "file:///tmp/x"}, **changes}


def test_a_request_written_by_hand_needs_no_hash() -> None:
    envelope, typed = load_envelope("fetch", json.dumps(request()))
    again, _ = load_envelope("fetch", json.dumps(request(attempt=2)))
    assert envelope.request_hash == again.request_hash
    assert typed == envelope.typed_request()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "a list, not an object"),
        (json.dumps(request(stage="pack")), "the command says fetch, the request says 'pack'"),
        (json.dumps(request(request={"destination": "/m"})), "request.artifact: Field required"),
        (json.dumps(request(store={"root": 3, "secretKey": "s"})), "store.root"),
        (json.dumps(request(store={"root": 3, "secretKey": "s"})), "store.secretKey"),
    ],
)
def test_a_bad_request_is_the_users_and_every_path_is_named(text: str, says: str) -> None:
    with pytest.raises(InputWrong) as caught:
        load_envelope("fetch", text)
    assert caught.value.reason is reasons.INVALID_SPEC
    assert says in caught.value.message


def test_fetch_finds_files_that_an_engine_might_load_by_mistake() -> None:
    entry = FileEntry(path="model.safetensors", sha256="0" * 64, size_bytes=1)
    manifest = FileManifest(files=(entry,))
    assert strangers(["model.safetensors", "old.safetensors"], manifest) == ["old.safetensors"]


def test_X05_one_unanswered_prompt_fails_the_slot() -> None:
    good, bad = SmokeRow("p", "yes", True), SmokeRow("p", "", False, "the answer is empty")
    check_rows([good] * 5, KEPT)
    with pytest.raises(errors.InputWrong) as caught:
        check_rows([good] * 4 + [bad], KEPT)
    assert caught.value.reason is reasons.SMOKE_FAILED
    assert ending_of(caught.value).evidence == KEPT


def test_a_slot_that_went_away_is_not_judged() -> None:
    gone = SmokeRow("p", "", False, "no connection", reached=False)
    with pytest.raises(errors.DependencyUnavailable):
        check_rows([SmokeRow("p", "yes", True), gone], KEPT)
