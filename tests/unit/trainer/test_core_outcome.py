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
from sluice_trainer.outcome import ending_of
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


class DeviceMemory(Exception):
    """Stands for torch.OutOfMemoryError."""


class SafetensorError(Exception):
    """Stands for the library's own."""

    __module__ = "safetensors_rust"


@pytest.fixture
def with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(OutOfMemoryError=DeviceMemory))


MEMORY: list[BaseException] = [
    DeviceMemory("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`"),
    RuntimeError("failed to allocate 32.00M (33554432 bytes) from device: CUDA_ERROR_OUT_OF_MEMORY"),
    RuntimeError("CUDA driver error: cudaErrorMemoryAllocation"),
    RuntimeError("HIP out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError("NCCL Error 1: unhandled cuda error, Failed to CUDA calloc async 4864 bytes"),
    RuntimeError("ncclUnhandledCudaError: Cuda failure 2 'out of memory'"),
    RuntimeError("cudaMalloc of size 1073741824 failed"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 17179869184 bytes. Error code 12 (Cannot allocate memory)"
    ),
    RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    RuntimeError("unable to mmap 1073741824 bytes from file <m>: Cannot allocate memory (12)"),
    RuntimeError("std::bad_alloc"),
    MemoryError("Unable to allocate 7.45 GiB for an array with shape (1000000000,)"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    SafetensorError("Error while deserializing header: Cannot allocate memory (os error 12)"),
]
DISK: list[BaseException] = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    RuntimeError("[enforce fail at inline_container.cc:595] . unexpected pos. No space left on device"),
]


def wrapped(error: BaseException) -> list[BaseException]:
    """As it is, with a cause, while another was handled, and in a group."""
    found: list[BaseException] = [error]
    for outer in (
        InputWrong(reasons.BASE_MODEL_UNSUPPORTED, "the model does not load"),
        errors.StageBug(reasons.LOAD_BACK_FAILED, "the bundle does not work"),
        ValueError("something else"),
    ):
        try:
            raise outer from error
        except Exception as raised:
            found.append(raised)
    try:
        try:
            raise error
        except BaseException:
            raise KeyError("while cleaning up")  # noqa: B904 - the context is what is tested
    except KeyError as raised:
        found.append(raised)
    return [*found, BaseExceptionGroup("several", [ValueError("x"), error])]


@pytest.mark.parametrize("error", MEMORY, ids=lambda e: str(e)[:40])
@pytest.mark.usefixtures("with_torch")
def test_T20_every_form_of_too_little_memory_is_one_reason(error: BaseException) -> None:
    for one in wrapped(error):
        ending = ending_of(one)
        assert (int(ending.code), ending.reason) == (71, reasons.OUT_OF_MEMORY), one
        assert str(error).splitlines()[0] in ending.message


@pytest.mark.parametrize("error", DISK, ids=lambda e: str(e)[:40])
def test_every_form_of_a_full_disk_is_one_reason(error: BaseException) -> None:
    for one in wrapped(error):
        assert ending_of(one).reason is reasons.WORK_FOLDER_FULL, one


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("CUDA error: device-side assert triggered"), reasons.STAGE_CRASHED),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied; memory layout"), reasons.STAGE_CRASHED),
        (RuntimeError("CUBLAS_STATUS_NOT_INITIALIZED"), reasons.STAGE_CRASHED),
        (ValueError("row 3: label 'out of memory' is unknown"), reasons.STAGE_CRASHED),
        (InputWrong(reasons.TOO_FEW_ROWS, "'CUDA out of memory' tickets: 3 rows"), reasons.TOO_FEW_ROWS),
    ],
)
def test_what_only_speaks_of_memory_keeps_its_reason(error: BaseException, reason: Reason) -> None:
    assert ending_of(error).reason is reason


def test_a_dependency_that_ran_out_is_still_a_dependency() -> None:
    error = errors.DependencyUnavailable(reasons.STORAGE_UNAVAILABLE, "store: away")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert ending_of(error).reason is reasons.STORAGE_UNAVAILABLE


def test_a_cause_that_leads_back_to_itself_ends() -> None:
    error, other = ValueError("a"), ValueError("b")
    error.__cause__, other.__cause__ = other, error
    assert ending_of(error).reason is reasons.STAGE_CRASHED


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
def test_a_bad_request_is_no_spec_of_a_person_and_every_path_is_named(text: str, says: str) -> None:
    with pytest.raises(InputWrong) as caught:
        load_envelope("fetch", text)
    assert caught.value.reason is reasons.STAGE_REQUEST_INVALID
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
