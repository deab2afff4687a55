"""Which lives are told: an unbroken one of each story, every kill, and by seed what else may happen."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kill.life import Life, Missed, Stage, Told
from support.api_faults import troubled
from support.mortal_operator import Blow, When

Fault = Literal["kill", "takeover", "sleeper", "faults", "outage"]
SWITCH = "patch Service selector transition"
INTENDED = "create ControllerRevision audit intended"
BOTH: tuple[When, When] = ("before", "after")


@dataclass(frozen=True)
class Case:
    """One life: a story and what happens to it."""

    story: str
    fault: Fault
    blow: Blow | None = None
    seed: int = 0

    @property
    def name(self) -> str:
        """What the report calls it; `--only` finds it by any part of this."""
        what = self.blow.text if self.blow else f"seed {self.seed}"
        return f"{self.story}, {self.fault}: {what}"

    def tell(self, stage: Stage, unbroken: Told) -> Told:
        """Play it. A write that came more often in the unbroken life is struck the first time instead."""
        try:
            return self._tell(stage, unbroken)
        except Missed:
            if self.blow is None:
                raise
            return replace(self, blow=replace(self.blow, number=1))._tell(stage, unbroken)

    def _tell(self, stage: Stage, unbroken: Told) -> Told:
        blows = [self.blow] if self.blow else []
        standby = self.fault in ("takeover", "sleeper")
        life = Life(stage, self.story, blows, standby=standby, expected=unbroken.portrait)
        if self.fault != "faults":
            return life.tell()
        kubeconfig = stage.folder / f"troubled-{self.story}-{self.seed}.json"
        with troubled(stage.api.plane, self.seed, kubeconfig) as trouble:
            told = replace(life, stage=replace(stage, kubeconfig=kubeconfig)).tell()
        if not trouble.counts:
            raise Missed("the API server never failed")
        return told


def kills(story: str, unbroken: Told, seed: int) -> Iterator[Case]:
    """Before and after each distinct write; which one of several is drawn."""
    chance = random.Random(f"{seed} {story}")
    for write, count in Counter(unbroken.writes).items():
        for when in BOTH:
            yield Case(story, "kill", Blow(when, "KILL", _draw(chance, write, count), write))


def samples(story: str, unbroken: Told, seed: int) -> Iterator[Case]:
    """What is sampled: takeovers, sleepers, and an API server that fails."""
    chance = random.Random(f"{seed} {story} samples")
    counts = Counter(unbroken.writes)
    for write in chance.sample(list(counts), 3):
        yield Case(
            story, "takeover", Blow(chance.choice(BOTH), "KILL", _draw(chance, write, counts[write]), write)
        )
    yield from _sleepers(story, counts, chance)
    for _ in range(2):
        yield Case(story, "faults", seed=chance.randrange(10_000))


def outages(stories: Sequence[str], seed: int) -> list[Case]:
    """Lives during which the API server is started anew; nothing else may run beside them."""
    return [Case(story, "outage", seed=seed) for story in stories]


def _sleepers(story: str, counts: Counter[str], chance: random.Random) -> Iterator[Case]:
    """Between intent and switch always, on either side of the fence; and around any other write."""
    intents = [write for write in counts if write.startswith(INTENDED)]
    yield Case(story, "sleeper", Blow("after", "STOP", 1, chance.choice(intents)))
    yield Case(story, "sleeper", Blow("before", "STOP", counts[SWITCH], SWITCH))
    write = chance.choice(list(counts))
    yield Case(story, "sleeper", Blow("before", "STOP", _draw(chance, write, counts[write]), write))


def _draw(chance: random.Random, write: str, count: int) -> int:
    """Which of `count` writes: how many statuses are written, and Jobs removed, is a matter of time."""
    loose = write.startswith(
        ("status", "delete Job", "create Job ledger", "create ControllerRevision ledger")
    )
    return chance.randint(1, max(1, count // 2) if loose else count)
