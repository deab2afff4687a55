"""One story told once, under one fault: who runs, what strikes, and whether it came to the right end."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kill.chronicle import Chronicle
from kill.keeper import Keeper
from kill.portrait import differences, portrait
from kill.stories import STORIES, Scene
from support.kubeapi import KubeApi
from support.mortal_operator import MODULE, Blow
from support.operator_process import OperatorProcess
from support.pod_driver import PodDriver
from support.quickstart import SETTINGS
from support.teamspace import Teamspace

LEASE = {"leaseSeconds": 8, "leaseRenewSeconds": 6, "leaseRetrySeconds": 1}
"""Long enough that nobody loses it because many lives share the machine."""
STORAGE = {
    "name": "default",
    "allowedNamespaces": ["*"],
    "prefix": "s3://sluice/{namespace}/",
    "readPrefixes": ["s3://sluice/team/"],
}
QUIET_SECONDS = 2.5
HOPE_SECONDS = 8
"""After so much silence a blow that did not fall never will."""
END_SECONDS = 90
DRIVER_SECONDS = 0.2


class Broken(AssertionError):
    """A story that did not come to its end."""


class Missed(Broken):
    """A blow that never fell: in this life the write did not come as often as in the unbroken one."""


@dataclass(frozen=True)
class Stage:
    """Where stories play: an API server, how operators reach it, and a folder for what they say."""

    api: KubeApi
    kubeconfig: Path
    folder: Path


@dataclass(frozen=True)
class Told:
    """How a story went."""

    portrait: dict[str, Any]
    writes: tuple[str, ...]
    """Every write of the operators, in order."""
    seconds: float
    ends: tuple[int, ...] = ()
    """Exit codes of the lives that ended."""


@dataclass
class Life:
    """A story, its blows, and how many operators there are."""

    stage: Stage
    story: str
    blows: Sequence[Blow] = ()
    standby: bool = False
    """Whether a second replica waits; then nobody starts the first again after SIGKILL."""
    expected: dict[str, Any] | None = None
    """Portrait of the unbroken life; None: this is the unbroken one."""
    space: Teamspace = field(init=False)
    keepers: list[Keeper] = field(default_factory=list)

    def tell(self) -> Told:
        """Play it. Raises Broken, or Violation of an invariant."""
        started = time.monotonic()
        self.space = Teamspace.make(self.stage.api)
        scene = Scene(self.space)
        driver = PodDriver(self.space, scene.stages, poll_seconds=DRIVER_SECONDS)
        try:
            with Chronicle(self.space) as chronicle, driver, self._operators():
                STORIES[self.story](scene)
                found = self._come_to_rest(chronicle)
                chronicle.judge()
        finally:
            self.stage.api.call("DELETE", f"/api/v1/namespaces/{self.space.name}")
        writes = tuple(w for keeper in self.keepers for w in keeper.writes())
        ends = tuple(code for keeper in self.keepers for code in keeper.ends)
        return Told(found, writes, time.monotonic() - started, ends)

    @contextlib.contextmanager
    def _operators(self) -> Iterator[None]:
        second = self._operator("two") if self.standby else None
        kills = any(blow.signal == "KILL" for blow in self.blows)
        first = Keeper(
            self._operator("one"), list(self.blows), stays_dead=self.standby and kills, other=second
        )
        self.keepers = [first]
        with contextlib.ExitStack() as stack:
            stack.enter_context(first)
            if second is not None:
                self._wait_for_leader(first)
                self.keepers.append(stack.enter_context(Keeper(second)))
            yield

    def _wait_for_leader(self, first: Keeper) -> None:
        self.space.wait("the first leader", lambda: first.operator.metric("sluice_leader") == 1, 60)

    def _operator(self, identity: str) -> OperatorProcess:
        name = self.space.name
        own = {"operatorNamespace": name, "watchNamespaces": [name], "storage": [STORAGE]}
        return OperatorProcess(
            folder=self.stage.folder / name,
            kubeconfig=self.stage.kubeconfig,
            settings=SETTINGS.dump() | LEASE | own,
            identity=identity,
            module=MODULE,
        )

    def _come_to_rest(self, chronicle: Chronicle) -> dict[str, Any]:
        """Wait until nothing changes any more and the end is the right one; the end."""
        ends = time.monotonic() + END_SECONDS
        wrong: list[str] = ["something still changes"]
        while time.monotonic() < ends:
            time.sleep(0.5)
            if not self.keepers[0].is_done:
                self._require_hope(chronicle)
            elif chronicle.quiet_seconds() >= QUIET_SECONDS:
                found = portrait(self.space)
                wrong = differences(self.expected, found) if self.expected is not None else []
                if not wrong:
                    return found
        raise Broken("; ".join(wrong[:8]))

    def _require_hope(self, chronicle: Chronicle) -> None:
        struck = self.keepers[0].struck
        if struck < len(self.blows) and chronicle.quiet_seconds() > HOPE_SECONDS:
            raise Missed(f"{struck} of {len(self.blows)} blows fell: {self.blows[struck].text!r} never did")
