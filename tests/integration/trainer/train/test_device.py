"""What the device and the machine say of themselves."""

from pathlib import Path

import pytest
import torch

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.stages import train
from sluice_trainer.training.device import host_memory_bytes
from support.training import make_bench

GIB = 1024**3


@pytest.mark.parametrize("free", [100 * 2**20, 8 * GIB])
def test_a_gpu_that_is_too_small_refuses_the_run_before_its_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    """Whatever its profile promised. The device is stood for by a processor that names its memory."""
    bench = make_bench(tmp_path)
    asked: list[torch.device] = []

    def free_memory(device: torch.device) -> int:
        asked.append(device)
        return free

    monkeypatch.setattr(train, "free_memory_bytes", free_memory)
    request = bench.train_request(2)
    ctx = bench.context(request, tmp_path / "w")
    if free > GIB:
        assert train.run(request, ctx).result.steps == 2
    else:
        with pytest.raises(InputWrong, match=r"this GPU has 0\.1 GiB") as refusal:
            train.run(request, ctx)
        assert refusal.value.reason is reasons.DOES_NOT_FIT_MEMORY
    assert len(asked) == 1


MACHINE = host_memory_bytes(Path("/nowhere"))
LIMITS = {
    "version 2": ({"memory.max": "536870912\n"}, 536870912),
    "version 2, no limit": ({"memory.max": "max\n"}, MACHINE),
    "version 1": ({"memory/memory.limit_in_bytes": "268435456\n"}, 268435456),
    "version 1, no limit": ({"memory/memory.limit_in_bytes": "9223372036854771712\n"}, MACHINE),
    "no control groups": ({}, MACHINE),
}


@pytest.mark.parametrize(("files", "expected"), LIMITS.values(), ids=LIMITS.keys())
def test_memory_follows_the_container_limit(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    (tmp_path / "memory").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert host_memory_bytes(tmp_path) == expected
