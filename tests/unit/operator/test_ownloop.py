"""The thread of the Lease: it renews while the operator's loop does nothing but other work."""

import asyncio
import threading

import pytest

from sluice_operator.handlers.ownloop import OwnLoop
from sluice_operator.lease import Elector, LeaseLost, Rhythm

PATIENCE_SECONDS = 60.0


class Store:
    """A Lease that everybody may write; `renewed` is set after some renewals."""

    def __init__(self) -> None:
        self.writes = 0
        self.renewed = threading.Event()

    async def read(self) -> dict[str, object]:
        return {"metadata": {"resourceVersion": "1"}, "spec": {}}

    async def replace(self, spec: object, version: str) -> dict[str, object]:
        self.writes += 1
        if self.writes >= 5:
            self.renewed.set()
        return {"metadata": {"resourceVersion": version}, "spec": spec}

    create = read


async def test_a_blocked_loop_delays_no_renewal() -> None:
    store, own = Store(), OwnLoop("lease")
    elector = Elector(store, "me", Rhythm(duration=15, deadline=10, retry=0.001))  # type: ignore[arg-type]
    await own.run(elector.acquire())
    keeping = asyncio.create_task(own.run(elector.keep()))
    await asyncio.sleep(0)
    assert store.renewed.wait(PATIENCE_SECONDS), "waited with the whole loop of the test"
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    await own.run(elector.release())
    assert not elector.is_leader
    own.close()


async def test_an_error_comes_back() -> None:
    own = OwnLoop("lease")

    async def lose() -> None:
        raise LeaseLost("gone")

    with pytest.raises(LeaseLost):
        await own.run(lose())
    own.close()
