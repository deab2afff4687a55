"""Which finished work an attempt takes over, and that nothing else in the store stops or steers it."""

import json

import pytest

from sluice_api.contracts.manifests import Marker
from sluice_api.errors import NothingToReport
from sluice_store import markers
from support.attemptbench import REQUESTS, AttemptBench
from support.memorystore import stored_folder

STAGES = sorted(REQUESTS.keys() - {"verify"})


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> AttemptBench:
    return AttemptBench(monkeypatch)


@pytest.mark.parametrize("stage", STAGES)
def test_finished_work_is_taken_over(bench: AttemptBench, stage: str) -> None:
    envelope = bench.envelope(stage)
    first = bench.run(envelope)
    assert bench.run(envelope) == first
    assert bench.run(envelope, report_only=True) == first
    assert bench.done == 1
    assert first.ignored_markers is None


@pytest.mark.parametrize("stage", STAGES)
def test_S14_junk_costs_one_more_attempt_and_is_told(bench: AttemptBench, stage: str) -> None:
    envelope = bench.envelope(stage)
    for mark, junk in (("0", b"junk"), ("999999", b"{}"), ("zz", b"[]")):
        bench.store.write(f"{stage}/{envelope.request_hash}/done-{mark}.json", junk)
    first = bench.run(envelope)
    assert (bench.done, first.ignored_markers) == (1, 3)
    again = bench.run(envelope)
    assert (bench.done, again.folder) == (1, first.folder)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("change", ["hash", "stage", "folder", "report"])
def test_S13_a_marker_of_another_request_is_no_marker(bench: AttemptBench, stage: str, change: str) -> None:
    envelope = bench.envelope(stage)
    bench.run(envelope)
    key = f"{stage}/{envelope.request_hash}"
    ((mark, marker),) = ((f.mark, f.marker.dump()) for f in markers.look(bench.store, key).found)
    other = "train" if stage == "pack" else "pack"
    manifest = stored_folder(bench.store, "foreign/x", {"result.json": b"good"})
    forged = {
        "hash": marker | {"report": marker["report"] | {"requestHash": "1" * 64}},
        "stage": marker | {"report": marker["report"] | {"stage": other}},
        "folder": marker | {"folder": "foreign/x", "manifestDigest": manifest.digest},
        "report": marker | {"report": {"stage": []}},
    }[change]
    bench.store.write(f"{key}/done-{mark}.json", json.dumps(forged).encode())
    assert bench.run(envelope).folder == f"{key}/pod-2"
    assert bench.done == 2


@pytest.mark.parametrize("stage", sorted(REQUESTS))
def test_what_is_planted_while_a_stage_works_is_not_reported(bench: AttemptBench, stage: str) -> None:
    envelope = bench.envelope(stage)
    honest = bench.run(envelope)
    key = f"{stage}/{envelope.request_hash}"
    planted = markers.find(bench.store, key)
    for name in list(bench.store.objects):
        if "/done-" in name:
            bench.store.delete(name)
    if planted is not None:
        data = planted.marker.model_dump_json(by_alias=True, exclude_none=True).encode()
        bench.during = lambda: bench.store.write(f"{key}/done-0.json", data)
    report = bench.run(envelope)
    assert bench.done == 2
    assert report.folder == f"{key}/pod-2"
    assert report.folder != honest.folder


def test_S13_verify_takes_over_nothing_and_leaves_nothing_to_take_over(bench: AttemptBench) -> None:
    envelope = bench.envelope("verify")
    key = f"verify/{envelope.request_hash}"
    first = bench.run(envelope)
    assert markers.look(bench.store, key) == markers.Look()
    marker = Marker(
        folder=f"{key}/pod-1",
        manifest_digest=bench_digest(bench, f"{key}/pod-1"),
        report=first.dump(),
        created_at="2026-01-01T00:00:00Z",
    )
    bench.store.write(f"{key}/done-0.json", json.dumps(marker.dump()).encode())
    assert bench.run(envelope).folder == f"{key}/pod-2"
    with pytest.raises(NothingToReport):
        bench.run(envelope, report_only=True)


def bench_digest(bench: AttemptBench, folder: str) -> str:
    return stored_folder(bench.store, folder, {"result.json": folder.encode()}).digest
