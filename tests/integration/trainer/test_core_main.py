"""The program: finished work is found, markers come last, every end has its code."""

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import StoreSettings
from sluice_api.contracts.reports import JudgeResult, PackResult
from sluice_api.datasetpack import RowCounts
from sluice_api.errors import DependencyUnavailable, InputWrong
from sluice_api.hashing import digest_of_bytes
from sluice_store import markers
from sluice_store.files import upload_folder
from sluice_store.open import open_store
from sluice_trainer.context import Context, Output
from support.stagecli import Cli, install

DIGEST = "sha256:" + "d" * 64
FOLDER = {"uri": "x/y", "digest": DIGEST}
JUDGE = {
    "candidate": {"digest": DIGEST, "results": FOLDER},
    "suites": [{"name": "gold", "dataset": FOLDER}],
}
VERIFY = {"url": "http://127.0.0.1:1/v1", "model": "m", "digest": DIGEST, "identity": "slot-1"}
SOON = 45
"""Seconds on a busy machine, and less than what the stages here sleep."""


def stored_result(request: Any, ctx: Context) -> Output:
    """Stands for a stage: writes one file and says so."""
    folder = ctx.work / "out"
    folder.mkdir()
    (folder / "result.json").write_text("{}")
    manifest = upload_folder(ctx.store, folder, ctx.folder, {})
    evidence = UriDigest(uri=ctx.folder, digest=manifest.digest)
    result = JudgeResult(verdict="Pass", reason="criteria_met", message="m", evidence=evidence)
    return Output(result, manifest, named=("tokens", "k" * 64))


@pytest.fixture
def cli(store_settings: StoreSettings, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Cli:
    cli = Cli(store_settings, tmp_path, capfd)
    cli.ask("judge", JUDGE)
    return cli


def test_files_then_report_then_markers(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "judge", stored_result)
    code, report = cli.run()
    store = open_store(cli.settings)
    key = f"judge/{report['requestHash']}"
    found = markers.find(store, key)
    assert code == 0
    assert found is not None
    assert found.marker.folder == report["folder"]
    assert found.marker.report == {"formatVersion": 1} | report
    named = markers.find(store, f"tokens/{'k' * 64}")
    assert named is not None
    assert named.marker == found.marker
    long_form = store.read(f"{report['folder']}/report.json")
    assert digest_of_bytes(long_form) == report["reportDigest"]
    assert json.loads(long_form)["versions"]["python"]
    assert [p.name for p in cli.work.iterdir()] == []


def test_finished_work_is_reported_again_and_not_done_again(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, "judge", stored_result)
    _, first = cli.run()
    install(monkeypatch, "judge", lambda request, ctx: pytest.fail("ran again"))
    assert cli.run() == (0, first)
    assert cli.run("--report-only") == (0, first)


def test_report_only_never_starts_anything(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "judge", lambda request, ctx: pytest.fail("ran"))
    code, report = cli.run("--report-only")
    assert (code, report["failure"]["reason"]) == (66, "nothing_to_report")


def test_F29_damaged_work_is_voided_and_done_again(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "judge", stored_result)
    _, first = cli.run()
    open_store(cli.settings).write(f"{first['folder']}/result.json", b"{ }")
    assert cli.run("--report-only")[0] == 66
    code, second = cli.run()
    assert code == 0
    assert second["folder"] != first["folder"]
    found = markers.find(open_store(cli.settings), f"judge/{first['requestHash']}")
    assert found is not None
    assert found.marker.folder == second["folder"]


def test_X07_a_crash_between_two_markers_is_mended(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "judge", stored_result)
    _, first = cli.run()
    store = open_store(cli.settings)
    for key in list(store.list(f"tokens/{'k' * 64}")):
        store.delete(key)
    assert cli.run() == (0, first)
    assert markers.find(store, f"tokens/{'k' * 64}") is not None


def test_F24_each_of_two_pods_reports_what_it_made_itself(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    second: list[tuple[int, dict[str, Any]]] = []

    def overtaken(request: Any, ctx: Context) -> Output:
        output = stored_result(request, ctx)
        if not second:
            second.append((0, {}))
            second[0] = cli.run()
        return output

    install(monkeypatch, "judge", overtaken)
    code, report = cli.run()
    assert code == 0
    assert report["folder"] != second[0][1]["folder"], "nothing that came meanwhile is believed"
    found = markers.find(open_store(cli.settings), f"judge/{report['requestHash']}")
    assert found is not None
    assert found.marker.report == {"formatVersion": 1} | second[0][1], "the marker of who was first stays"


def fails_with(error: BaseException) -> Any:
    def run(request: Any, ctx: Context) -> Output:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (InputWrong(reasons.SMOKE_FAILED, "m"), 64, "deployment_smoke_failed"),
        (DependencyUnavailable(reasons.LOCK_HELD, "m"), 69, "lock_held"),
        (MemoryError("host"), 71, "out_of_memory"),
        (ValueError("first line\nsecond line"), 70, "stage_crashed"),
    ],
)
def test_T21_codes_and_reasons_reach_the_operator(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, reason: str
) -> None:
    install(monkeypatch, "judge", fails_with(error))
    found, report = cli.run()
    assert (found, report["failure"]["reason"]) == (code, reason)
    assert "second line" not in report["failure"]["message"]
    assert list(open_store(cli.settings).list("")) == []


def test_a_refused_pack_tells_its_counts(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = PackResult(rows=RowCounts(read=3, accepted=1, rejected=2))
    error = InputWrong(reasons.TOO_FEW_ROWS, "1 of 2 rows", counts)
    install(monkeypatch, "pack", fails_with(error))
    cli.ask("pack", {"sources": [{"name": "s", "locator": "s3://bucket/x.jsonl", "mapper": "ChatMessages"}]})
    code, report = cli.run()
    assert (code, report["failure"]["reason"]) == (64, "too_few_rows")
    assert report["result"]["rows"]["rejected"] == 2


def test_X17_a_secret_in_a_message_is_hidden_in_report_and_log(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "planted-secret-value")
    install(monkeypatch, "judge", fails_with(ValueError("no entry with planted-secret-value")))
    _, report = cli.run()
    assert "[redacted]" in report["failure"]["message"]
    assert "planted" not in json.dumps(report) + cli.log


def test_the_longest_message_still_fits(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "judge", fails_with(ValueError("\u2028é" * 5000)))
    _, report = cli.run()
    assert len(json.dumps(report, ensure_ascii=False, separators=(",", ":")).encode()) <= 2400


def test_every_log_line_is_json(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "judge", fails_with(ValueError("x\ny")))
    cli.run()
    lines = [json.loads(line) for line in cli.log.splitlines()]
    assert [line["message"] for line in lines] == ["started", "ValueError: x"]
    assert "Traceback" in lines[1]["trace"]


WAITS = """
import sys, types
from sluice_trainer import stages
module = types.ModuleType("waits")
def run(request, ctx):
    import time
    print("here", file=sys.stderr, flush=True)
    {body}
module.run = run
sys.modules["waits"] = module
stages.STAGES.update(judge="waits", train="waits")
"""


def test_F23_sigterm_ends_a_stage_without_loss(cli: Cli) -> None:
    child = cli.start(WAITS.format(body="time.sleep(60)"))
    wait_for_line(child.stderr)
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=SOON)
    assert child.returncode == 75
    assert json.loads(out)["failure"]["reason"] == "stopped_on_request"


def test_F23_even_a_stage_that_swallows_every_exception_ends(cli: Cli) -> None:
    body = "\n    try:\n        time.sleep(60)\n    except Exception:\n        time.sleep(60)"
    child = cli.start(WAITS.format(body=body))
    wait_for_line(child.stderr)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=SOON)
    assert child.returncode == 75


ELSEWHERE = """
    import signal, threading
    thread = threading.Thread(target=lambda: signal.raise_signal(signal.SIG{name}))
    threading.Timer(1, thread.start).start()
    time.sleep(60)"""
FINALIZER = """
    class Closed:
        def __del__(self):
            signal.raise_signal(signal.SIG{name})
            time.sleep(1)
    import signal
    Closed()
    time.sleep(60)"""


@pytest.mark.parametrize(("name", "code"), [("TERM", 75), ("ALRM", 72)])
@pytest.mark.parametrize("body", [ELSEWHERE, FINALIZER])
def test_a_signal_that_does_not_wake_the_stage_is_sent_again(
    cli: Cli, body: str, name: str, code: int
) -> None:
    """Python hears a signal in another thread while a call lasts, and drops what ends a finalizer."""
    child = cli.start(WAITS.format(body=body.format(name=name)))
    child.communicate(timeout=SOON)
    assert child.returncode == code


def test_the_running_time_ends_a_stage(cli: Cli) -> None:
    cli.ask("judge", JUDGE, deadlineSeconds=1)
    child = cli.start(WAITS.format(body="time.sleep(60)"))
    out, _ = child.communicate(timeout=SOON)
    assert child.returncode == 72
    assert json.loads(out)["failure"]["reason"] == "deadline_exceeded"


WORKING = "__import__('threading').Thread(target=time.sleep, args=(600,)).start(); "
"""A thread of the stage that never ends by itself, such as an upload to a store that is stuck."""


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        ("timeout", 72, "deadline_exceeded"),
        ("cancel", 75, "stopped_on_request"),
        ("runtime error", 70, "stage_crashed"),
    ],
)
def test_T21_three_faults_have_three_codes_and_leave_no_process(
    cli: Cli, fault: str, code: int, reason: str
) -> None:
    cli.ask("judge", JUDGE, **({"deadlineSeconds": 2} if fault == "timeout" else {}))
    last = "raise RuntimeError('no reason of its own')" if fault == "runtime error" else "time.sleep(60)"
    child = cli.start(WAITS.format(body=WORKING + last))
    if fault == "cancel":
        wait_for_line(child.stderr)
        child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=SOON)
    assert (child.returncode, json.loads(out)["failure"]["reason"]) == (code, reason)
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)


REQUESTED: dict[str, tuple[str, dict[str, Any]]] = {
    "judge": ("judge", JUDGE),
    "train": ("train", {"fingerprint": "f" * 64, "tokens": FOLDER, "base": FOLDER, "totalSteps": 1}),
}
CALLS = """
    from concurrent.futures import ThreadPoolExecutor
    from sluice_store.workers import waited_for
    with waited_for(ThreadPoolExecutor(2)) as pool:
        list(pool.map(time.sleep, [600, 600, 600]))
"""
DEFERS = """
    with ctx.interrupts.deferred():
        print("deferring", file=sys.stderr, flush=True)
        while not ({seen}):
            time.sleep(0.01)
        time.sleep(0.1)
        ctx.interrupts.checkpoint = 7
    time.sleep(600)
"""
SEEN = {"stop": "ctx.stop.is_set()", "deadline": "ctx.remaining_seconds <= 0"}


@pytest.mark.parametrize("stage", ["judge", "train"])
def test_F23_a_stage_ends_while_its_threads_still_wait_for_answers(cli: Cli, stage: str) -> None:
    """Any stage, also one that saves its work: while it fetches, loads or uploads nothing has to be saved."""
    cli.ask(*REQUESTED[stage])
    child = cli.start(WAITS.format(body=CALLS))
    wait_for_line(child.stderr)
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=SOON)
    assert child.returncode == 75
    assert json.loads(out)["failure"]["reason"] == "stopped_on_request"


@pytest.mark.parametrize(("fault", "code"), [("stop", 75), ("deadline", 72)])
def test_T16_a_stage_that_defers_its_end_ends_by_itself(cli: Cli, fault: str, code: int) -> None:
    stage, request = REQUESTED["train"]
    cli.ask(stage, request, **({"deadlineSeconds": 5} if fault == "deadline" else {}))
    child = cli.start(WAITS.format(body=DEFERS.format(seen=SEEN[fault])))
    wait_for_line(child.stderr, b"deferring")
    if fault == "stop":
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=SOON)
    assert child.returncode == code
    assert json.loads(out)["failure"]["checkpoint"] == 7, "it reached its good place, and was ended then"


def wait_for_line(stream: Any, wanted: bytes = b"here") -> None:
    """Read the log until the stage says that it is there, in a thread that a dead child cannot hold."""
    seen = threading.Event()

    def read() -> None:
        for line in stream:
            if line.strip() == wanted:
                seen.set()
                return

    threading.Thread(target=read, daemon=True).start()
    assert seen.wait(120)
