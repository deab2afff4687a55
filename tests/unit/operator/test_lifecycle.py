"""The start: kinds are waited for, an outage is waited out, and what is missing is named."""

import asyncio
from collections.abc import Callable

import pytest

from sluice_operator.adapters.cluster.errors import Unavailable
from sluice_operator.handlers.lifecycle import DISCOVERY_SECONDS, POLL_SECONDS, CannotStart, wait_for_kinds


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    naps: list[float] = []
    real = asyncio.sleep

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", nap)
    return naps


def answering(*answers: list[str] | Exception) -> Callable[[], object]:
    left = list(answers)

    async def ask() -> list[str]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


async def test_F19_kinds_that_come_late_are_waited_for(slept: list[float]) -> None:
    await wait_for_kinds(answering(["evalgates.sluice.dev"], ["evalgates.sluice.dev"], []))  # type: ignore[arg-type]
    assert slept == [POLL_SECONDS, POLL_SECONDS]


async def test_F19_kinds_that_never_come_are_named(slept: list[float]) -> None:
    with pytest.raises(CannotStart, match=r"evalgates\.sluice\.dev; install the CRDs"):
        await wait_for_kinds(answering(["evalgates.sluice.dev"]))  # type: ignore[arg-type]
    assert sum(slept) >= DISCOVERY_SECONDS


async def test_F09_an_outage_is_waited_out_however_long(slept: list[float]) -> None:
    outage = [Unavailable(0, "nobody answers")] * 1000
    await wait_for_kinds(answering(*outage, []))  # type: ignore[arg-type]
    assert sum(slept) > DISCOVERY_SECONDS
