"""Random walks through everything that may happen, replayable by seed, with the failing ones made short.

A walk is a list of events with one number each; the same list gives the same walk, whoever plays it.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chaos.world.base import Event
from chaos.world.world import World
from support.invariants import Violation

EVENTS: dict[str, float] = {
    # the operator at work, and how it dies, sleeps and lags
    "work": 70, "play": 25, "tick": 18, "half": 5, "crash": 3, "stop": 0.7, "start": 3,
    "freeze": 2.5, "thaw": 3, "thaw_one_write": 3, "deaf": 2, "hear": 4, "jump": 0.3, "offer": 0.5,
    # nodes and the store
    "slot_down": 2, "heal": 3, "no_room": 0.6, "pod_gone": 1.5, "artifact_gone": 0.5, "artifact_back": 0.7,
    "fault": 2,
    # people
    "new_run": 6, "drop_run": 1, "old_run": 1, "gate": 2, "drop_gate": 0.6, "pause": 1.5, "suspend": 1,
    "serve_otherwise": 1,
    # decisions of people, and what is watched
    "ask": 4, "withdraw": 1, "approve": 1.5, "pin": 1.2, "policy": 1, "window": 0.6, "soak": 0.7,
    "watch": 1.2, "drift": 1.5,
    # hands that should not
    "move_selector": 1, "renumber": 1, "drop_service": 0.7, "save_service": 1, "replay_service": 1,
    "drop_slot": 1, "edit_slot": 0.7, "add_sidecar": 0.5,
    "scale_slot": 0.6, "drop_job": 1, "drop_status": 0.7,
    # time to come to rest, and to be judged
    "rest": 1.5,
}  # fmt: skip
NUMBERS = 1 << 16
Trace = list[Event]


@dataclass
class Walked:
    """How a walk went."""

    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    violation: Violation | None = None
    trace: Trace = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    """Events and writes up to the violation."""


def draw(seed: int, steps: int) -> Trace:
    """The walk of a seed; every walk ends at rest."""
    chance = random.Random(seed)
    names = chance.choices(list(EVENTS), list(EVENTS.values()), k=steps - 1)
    return [*((name, chance.randrange(NUMBERS)) for name in names), ("rest", 0)]


def replay(trace: Sequence[Event], before: Callable[[World], None] = lambda _: None) -> Walked:
    """Play a walk until it ends or an invariant breaks."""
    world = World()
    before(world)
    walked = Walked(counts=world.counts)
    for event in trace:
        walked.trace.append(event)
        walked.steps += 1
        try:
            world.happen(event)
        except Violation as broken:
            walked.violation, walked.story = broken, world.story
            return walked
    return walked


def shrink(trace: Trace, name: str, most_replays: int = 150) -> Trace:
    """A shorter walk that breaks the same invariant: drop pieces, large ones first, while it still does."""
    size = len(trace) // 2
    while size >= 1 and most_replays > 0:
        start = 0
        while start < len(trace) and most_replays > 0:
            shorter = trace[:start] + trace[start + size :]
            walked = replay(shorter)
            most_replays -= 1
            if walked.violation is not None and walked.violation.name == name:
                trace = walked.trace
            else:
                start += size
        size //= 2
    return trace


def describe(walked: Walked, last: int = 60) -> str:
    """What broke, the walk to play it again, and the last things that happened."""
    events = ", ".join(f"({name!r}, {number})" for name, number in walked.trace)
    story = "\n".join(walked.story[-last:])
    return f"{walked.violation}\nafter {walked.steps} steps:\n{story}\nreplay([{events}])"
