"""Checkpoints: what a crash, a stop or a deadline leaves, and how the next attempt goes on from there."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from sluice_api import reasons
from sluice_api.contracts.manifests import Marker
from sluice_api.contracts.requests import TrainRequest
from sluice_api.errors import DeadlineExceeded, DependencyUnavailable, InputWrong, StoppedOnRequest
from sluice_api.layout import checkpoint_key, checkpoints_key
from sluice_store import markers
from sluice_store.files import fetch_folder, upload_folder
from sluice_store.local import LocalStore
from sluice_trainer.context import Context
from sluice_trainer.report.steplog import parse_line
from sluice_trainer.stages import train
from sluice_trainer.training import learner
from sluice_trainer.training.checkpoints import Checkpoints
from support.clock import FakeClock
from support.training import FINGERPRINT, Bench, losses, make_bench, sentence


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def weights(bench: Bench, ctx: Context, name: str = "adapter_model.safetensors") -> dict[str, list[float]]:
    tensors = load_file(bench.root / ctx.folder / name)
    return {key: value.flatten().tolist() for key, value in tensors.items()}


def stop_at(step: int):
    return lambda at, ctx: ctx.stop.set() if at == step else None


def complete_steps(bench: Bench) -> list[int]:
    keys = bench.store.list(checkpoints_key(FINGERPRINT))
    return sorted(int(k.split("/step-")[1].split("/")[0]) for k in keys if "/done-" in k)


def stopped_at_5(bench: Bench, tmp_path: Path, request: TrainRequest) -> Context:
    ctx = bench.context(request, tmp_path / "w1", "attempt-1", stop_at(5))
    with pytest.raises(StoppedOnRequest):
        train.run(request, ctx)
    return ctx


@pytest.mark.parametrize("kind", ["LoRA", "None"])
def test_T14_resumed_run_ends_with_the_weights_of_the_unbroken_one(tmp_path: Path, kind: str) -> None:
    changed = {
        "adapter": {"type": kind, "rank": 4, "alpha": 8, "dropout": "0.1" if kind == "LoRA" else "0"},
        "hyperparameters": {"warmupSteps": 2},
    }
    name = "adapter_model.safetensors" if kind == "LoRA" else "model.safetensors"
    bench = make_bench(tmp_path / "broken")
    request = bench.train_request(10, **changed)
    first = stopped_at_5(bench, tmp_path, request)
    second = bench.context(request, tmp_path / "w2", "attempt-2")
    output = train.run(request, second)

    whole = make_bench(tmp_path / "whole")
    unbroken = whole.context(request, tmp_path / "w3")
    train.run(request, unbroken)

    assert output.result.resumed_from == 5
    assert losses(first) + losses(second) == losses(unbroken)
    assert weights(bench, second, name) == weights(whole, unbroken, name)


def test_T15_damaged_checkpoint_is_voided_and_the_one_before_is_taken(bench: Bench, tmp_path: Path) -> None:
    request = bench.train_request(10, checkpoint={"everySteps": 2})
    stopped_at_5(bench, tmp_path, request)
    assert complete_steps(bench) == [4, 5]
    (bench.root / checkpoint_key(FINGERPRINT, 5) / "attempt-1" / "weights.safetensors").write_bytes(b"cut")

    output = train.run(request, bench.context(request, tmp_path / "w2", "attempt-2"))

    assert output.result.resumed_from == 4
    assert markers.find(bench.store, checkpoint_key(FINGERPRINT, 4)) is None, "pruned, being the oldest"


def test_T15_checkpoint_without_marker_is_ignored(bench: Bench, tmp_path: Path) -> None:
    request = bench.train_request(10, checkpoint={"everySteps": 2})
    stopped_at_5(bench, tmp_path, request)
    forget_marker(bench, checkpoint_key(FINGERPRINT, 5))

    output = train.run(request, bench.context(request, tmp_path / "w2", "attempt-2"))

    assert output.result.resumed_from == 4


def test_T15_second_save_of_a_step_overwrites_nothing(bench: Bench, tmp_path: Path) -> None:
    def save(attempt: str, text: str) -> None:
        checkpoints = Checkpoints(bench.store, FINGERPRINT, attempt, 2, FakeClock(), tmp_path / attempt)
        checkpoints.save(3, lambda folder: (folder / "weights").write_text(text))
        checkpoints.finish()

    save("attempt-1", "first")
    before = {k: bench.store.read(k) for k in bench.store.list(checkpoints_key(FINGERPRINT))}
    save("attempt-2", "second")

    assert {k: bench.store.read(k) for k in bench.store.list(checkpoints_key(FINGERPRINT))} == before


class AwayStore(LocalStore):
    """A store that is away for a number of calls, from an upload to the end of a pruning."""

    calm, away = 0, 0
    """Calls that get through first, and calls that fail then."""

    def upload(self, path: Path, key: str) -> None:
        self._call(key)
        super().upload(path, key)

    def list(self, prefix: str) -> Iterator[str]:
        self._call(prefix)
        return super().list(prefix)

    def _call(self, key: str) -> None:
        self.calm -= 1
        if self.calm < 0 < self.away:
            self.away -= 1
            raise DependencyUnavailable(reasons.STORAGE_UNAVAILABLE, key)


def checkpoints_in(store: AwayStore, folder: Path, **more: Any) -> Checkpoints:
    made = Checkpoints(store, FINGERPRINT, "attempt-1", 2, FakeClock(), folder, **more)
    made.save(3, lambda local: (local / "weights").write_text("w"))
    return made


@pytest.mark.parametrize(("calm", "away"), [(0, 1), (0, 3), (1, 1), (2, 1), (3, 1)])
def test_a_store_that_is_away_for_a_while_costs_no_step(tmp_path: Path, calm: int, away: int) -> None:
    store = AwayStore(tmp_path / "store")
    store.calm, store.away = calm, away
    checkpoints_in(store, tmp_path / "work", waits_s=(0, 0, 0)).finish()
    assert store.away == 0
    assert markers.find(store, checkpoint_key(FINGERPRINT, 3)) is not None
    assert not (tmp_path / "work" / "step-3").exists()


def test_a_store_that_stays_away_ends_the_attempt(tmp_path: Path) -> None:
    store = AwayStore(tmp_path / "store")
    store.away = 4
    with pytest.raises(DependencyUnavailable):
        checkpoints_in(store, tmp_path / "work", waits_s=(0, 0, 0)).finish()


def test_who_is_asked_to_end_does_not_wait_for_the_store(tmp_path: Path) -> None:
    store, stop = AwayStore(tmp_path / "store"), threading.Event()
    store.away = 1
    stop.set()
    with pytest.raises(DependencyUnavailable):
        checkpoints_in(store, tmp_path / "work", stop=stop, waits_s=(600,)).finish()


def test_T16_request_to_end_saves_the_step_and_says_so(bench: Bench, tmp_path: Path) -> None:
    request = bench.train_request(10)
    ctx = bench.context(request, tmp_path / "w", on_step=stop_at(3))
    with pytest.raises(StoppedOnRequest) as ended:
        train.run(request, ctx)

    assert (ended.value.exit_code, ended.value.reason) == (75, reasons.STOPPED_ON_REQUEST)
    assert complete_steps(bench) == [ended.value.checkpoint] == [3]
    assert not (bench.root / ctx.folder).exists(), "nothing was reported as trained"


def test_T21_deadline_keeps_the_checkpoint(bench: Bench, tmp_path: Path) -> None:
    request = bench.train_request(10)
    ctx = bench.context(request, tmp_path / "w", deadline=9.0, on_step=lambda step, ctx: ctx.clock.sleep(3.0))
    with pytest.raises(DeadlineExceeded) as ended:
        train.run(request, ctx)

    assert (ended.value.exit_code, complete_steps(bench)) == (72, [3])


def test_T14_checkpoints_follow_steps_and_seconds_and_the_oldest_go(bench: Bench, tmp_path: Path) -> None:
    request = bench.train_request(10, checkpoint={"everySteps": 4, "everySeconds": 10, "keepLast": 3})
    seen: list[list[int]] = []

    def slow_after_4(step: int, ctx: Context) -> None:
        seen.append(complete_steps(bench))
        ctx.clock.sleep(20.0 if step > 4 else 0.0)

    train.run(request, bench.context(request, tmp_path / "w", on_step=slow_after_4))

    assert complete_steps(bench) == [8, 9, 10]
    assert 4 in {s for steps in seen for s in steps}


def test_T29_same_seed_gives_the_same_losses_and_another_does_not(bench: Bench, tmp_path: Path) -> None:
    def run(name: str, seed: int) -> list[float]:
        request = bench.train_request(4, fingerprint=name * 64, hyperparameters={"seed": seed})
        ctx = bench.context(request, tmp_path / name)
        train.run(request, ctx)
        return losses(ctx)

    assert run("a", 1) == run("b", 1)
    assert run("c", 1) != run("d", 2)


def test_T14_trained_run_is_not_trained_again(bench: Bench, tmp_path: Path) -> None:
    request = bench.train_request(4)
    first = train.run(request, bench.context(request, tmp_path / "w1"))
    ctx = bench.context(request, tmp_path / "w2", "attempt-2")
    second = train.run(request, ctx)

    assert losses(ctx) == []
    assert second.manifest.digest == first.manifest.digest


def test_held_lock_ends_the_attempt_before_anything_is_loaded(bench: Bench, tmp_path: Path) -> None:
    from sluice_trainer.lock import FingerprintLock

    beats = iter(range(1000))
    holder = FingerprintLock(bench.store, FINGERPRINT, FakeClock())
    holder.acquire()
    request = bench.train_request(4)
    ctx = bench.context(request, tmp_path / "w")
    object.__setattr__(
        ctx, "clock", FakeClock(on_sleep=lambda _: holder.beat() if next(beats) < 1000 else None)
    )
    with pytest.raises(DependencyUnavailable) as ended:
        train.run(request, ctx)
    holder.release()

    assert ended.value.reason is reasons.LOCK_HELD
    assert list(ctx.work.iterdir()) == []


def poison(monkeypatch: pytest.MonkeyPatch, step: int, factor: float):
    """Lets every prediction after a step be multiplied."""
    original = learner.predict

    def on_step(at: int, ctx: Context) -> None:
        if at == step:
            monkeypatch.setattr(
                learner, "predict", lambda model, batch: original(model, batch) * float(factor)
            )

    return on_step


def test_loss_that_is_no_number_ends_the_run_and_keeps_the_checkpoint(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = bench.train_request(10, checkpoint={"everySteps": 2})
    with pytest.raises(InputWrong) as ended:
        train.run(
            request, bench.context(request, tmp_path / "w", on_step=poison(monkeypatch, 3, float("nan")))
        )
    assert ended.value.reason is reasons.LOSS_NOT_FINITE
    assert complete_steps(bench) == [ended.value.checkpoint] == [2]


def test_a_first_step_without_a_finite_loss_blames_the_base_and_no_learning_rate(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = learner.predict
    monkeypatch.setattr(learner, "predict", lambda model, batch: original(model, batch) * float("nan"))
    request = bench.train_request(2)
    with pytest.raises(InputWrong, match="before anything was learnt") as ended:
        train.run(request, bench.context(request, tmp_path / "w"))
    assert ended.value.reason is reasons.BASE_MODEL_UNSUPPORTED


def test_weights_that_are_no_numbers_are_never_saved(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loss and gradient are finite, and yet the update is not: no later step would notice the last one."""
    original = learner.Learner.step

    def step(self: learner.Learner, *given: Any) -> Any:
        outcome = original(self, *given)
        if given[-1] == 3:
            with torch.no_grad():
                self.parameters()[0].view(-1)[0] = float("inf")
        return outcome

    monkeypatch.setattr(learner.Learner, "step", step)
    request = bench.train_request(4, checkpoint={"everySteps": 2})
    with pytest.raises(InputWrong, match="after step 4") as ended:
        train.run(request, bench.context(request, tmp_path / "w"))
    assert ended.value.reason is reasons.LOSS_NOT_FINITE
    assert complete_steps(bench) == [ended.value.checkpoint] == [2]


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_validation_loss_that_is_no_number_has_its_own_reason_and_keeps_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    bench = make_bench(tmp_path, validation=[[sentence("held out")], [sentence("held out too")]])
    request = bench.train_request(4)
    ctx = bench.context(request, tmp_path / "w", on_step=poison(monkeypatch, 4, factor))
    with pytest.raises(InputWrong, match=r"sequences 1 to 1 of 2") as ended:
        train.run(request, ctx)
    assert ended.value.reason is reasons.VALIDATION_LOSS_NOT_FINITE
    assert complete_steps(bench) == [ended.value.checkpoint] == [4]
    assert not (bench.root / ctx.folder).exists()


def steps_logged(bench: Bench, ctx: Context) -> list[int]:
    lines = (bench.root / ctx.folder / "steps.log").read_text().splitlines()
    return [record.step for line in lines if (record := parse_line(line)) is not None]


def test_the_step_log_travels_with_the_checkpoint(bench: Bench, tmp_path: Path) -> None:
    request = bench.train_request(10)
    stopped_at_5(bench, tmp_path, request)
    second = bench.context(request, tmp_path / "w2", "attempt-2")
    train.run(request, second)
    assert steps_logged(bench, second) == list(range(1, 11))


def test_a_step_that_is_done_again_is_logged_once(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash at step 4 after a checkpoint of step 3; that checkpoint may hold no log, as older ones do."""
    request = bench.train_request(6, checkpoint={"everySteps": 3})

    def crash(step: int, _: Context) -> None:
        if step == 4:
            raise RuntimeError("crashed")

    with pytest.raises(RuntimeError):
        train.run(request, bench.context(request, tmp_path / "w1", on_step=crash))
    second = bench.context(request, tmp_path / "w2", "attempt-2")
    train.run(request, second)
    assert steps_logged(bench, second) == list(range(1, 7))


def test_a_checkpoint_of_another_release_is_read(bench: Bench, tmp_path: Path) -> None:
    """Without a step log, with random numbers that are no longer kept, with counters and moments of a later
    release."""
    request = bench.train_request(6)
    stopped_at_5(bench, tmp_path, request)
    local = tmp_path / "other"
    key = checkpoint_key(FINGERPRINT, 5)
    fetch_folder(bench.store, f"{key}/attempt-1", newest_digest(bench, key), local)
    (local / "steps.log").unlink()
    (local / "random.safetensors").write_bytes(b"old")
    counters = json.loads((local / "counters.json").read_text())
    assert counters["formatVersion"] == 1
    (local / "counters.json").write_text(json.dumps(counters | {"formatVersion": 2, "addedLater": {"a": 1}}))
    moments = load_file(local / "optimiser.safetensors")
    save_file(moments | {"added.later/average": torch.zeros(2)}, local / "optimiser.safetensors")
    manifest = upload_folder(bench.store, local, f"{key}/other", {})
    forget_marker(bench, key)
    publish = Marker(
        folder=f"{key}/other", manifest_digest=manifest.digest, created_at="2026-01-02T03:04:05Z"
    )
    markers.publish(bench.store, key, publish)

    second = bench.context(request, tmp_path / "w2", "attempt-2")
    assert train.run(request, second).result.resumed_from == 5
    assert steps_logged(bench, second) == [6]


def forget_marker(bench: Bench, key: str) -> None:
    (marker,) = (bench.root / key).glob("done-*.json")
    marker.unlink()


def newest_digest(bench: Bench, key: str) -> str:
    found = markers.find(bench.store, key)
    assert found is not None
    return found.marker.manifest_digest


def test_a_deadline_that_was_raised_lets_the_run_go_on_from_its_checkpoint(
    bench: Bench, tmp_path: Path
) -> None:
    """The operator tells an attempt what is left; the checkpoint carries the time of all attempts."""
    request = bench.train_request(10)
    spend = lambda step, ctx: ctx.clock.sleep(3.0)  # noqa: E731
    with pytest.raises(DeadlineExceeded) as ended:
        train.run(request, bench.context(request, tmp_path / "w1", deadline=9.0, on_step=spend))
    assert ended.value.checkpoint == 3

    second = bench.context(request, tmp_path / "w2", "attempt-2", deadline=1000.0, on_step=spend)
    output = train.run(request, second)
    whole = make_bench(tmp_path / "whole")
    unbroken = whole.context(request, tmp_path / "w3")
    train.run(request, unbroken)

    assert output.result.resumed_from == 3
    assert weights(bench, second) == weights(whole, unbroken)
    assert len(losses(second)) == 7
