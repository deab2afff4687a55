"""Runs the operator's planners over a world in memory until it is at rest, and keeps what happens. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from sluice_operator import raw
from sluice_operator.model import Key
from sluice_operator.plans import PLANNERS
from sluice_plugin.plan.assume import play
from sluice_plugin.plan.steps import Step, outcome, steps_of
from sluice_plugin.plan.world import World

ROUNDS = 400
"""Most looks at everything; a forecast that is not at rest by then says so."""
HORIZON_SECONDS = 8 * 24 * 3600
"""How far a forecast looks ahead: every window of a week opens once."""
Stories = dict[Key, list[Step]]
_MOVED = 0.0


def forecast(world: World, keys: Iterable[Key]) -> tuple[Stories, bool]:
    """Steps of each of these objects, and how it stands in the end; and whether all came to rest."""
    stories: Stories = {key: [] for key in sorted(keys)}
    begin = world.now
    for _ in range(ROUNDS):
        waits = [_pass(world, key, stories.get(key)) for key in world.cache.keys()]  # noqa: SIM118
        if play(world) or _MOVED in waits:
            continue
        ahead = min((w for w in waits if w is not None), default=None)
        if ahead is None or (world.now - begin).total_seconds() + ahead > HORIZON_SECONDS:
            return _concluded(world, stories), True
        world.sleep(ahead)
    return _concluded(world, stories), False


def _pass(world: World, key: Key, story: list[Step] | None) -> float | None:
    """One pass over one object: 0 when it moved, else in how many seconds it wants to be looked at again."""
    observed = world.observe(key)
    plan = PLANNERS[key.kind](observed)
    if story is not None:
        story += steps_of(observed, plan)
    for write in (*plan.delete, *plan.apply):
        world.write(write, key.namespace)
    if plan.status is not None:
        world.write_status(key, plan.status)
    if plan.apply or plan.delete:
        return _MOVED
    # What is ready looks again for ever, to clean up and to watch: nothing that a forecast waits for.
    return None if raw.holds({"status": plan.status or {}}, "Ready") else plan.requeue_after


def _concluded(world: World, stories: Stories) -> Stories:
    for key, story in stories.items():
        resource = world.cache.resource(key)
        end = outcome(resource.status) if resource else Step("wait", "it is gone")
        # What repeats is told once; where waiting ends the story, it is the end.
        counts = Counter(step for step in story if step.text != end.text)
        story[:] = [*(replace(step, times=times) for step, times in counts.items()), end]
    return stories
