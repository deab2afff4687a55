"""Tiny models learn no faster on two threads, and wait for each other on a busy machine."""

import pytest


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from sluice_trainer.training import device

    monkeypatch.setattr(device, "usable_cpus", lambda: 1)
    torch.set_num_threads(1)
