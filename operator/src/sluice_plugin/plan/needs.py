"""What a gate needs of its suites before anything can pass it. Pure."""

from collections.abc import Iterator

from sluice_api.criteria import demand_of
from sluice_api.evalgate import EvalGateSpec
from sluice_api.reach import items_needed
from sluice_operator.facts.pack import pack_facts
from sluice_operator.model import Key, Related
from sluice_plugin.plan.world import World


def needs(world: World, key: Key, spec: EvalGateSpec) -> Iterator[str]:
    """One line per criterion: the fewest items with which a perfect candidate passes, and what is there."""
    there = {s.name: _items(world, key, s.dataset_ref.name, s.max_samples) for s in spec.suites}
    for criterion in spec.criteria:
        needed = items_needed(criterion)
        most = "no number of items is enough" if needed is None else f"at least {needed} items"
        required = "" if demand_of(criterion).required else " (advisory)"
        yield f"{demand_of(criterion).words}{required}: {most}; {there[criterion.suite]}"


def _items(world: World, key: Key, name: str, most: int | None) -> str:
    related = world.cache.related(Key(key.namespace, "DatasetPack", name))
    rows = _rows(related) if related else None
    if rows is None:
        limit = f", at most {most} are asked" if most else ""
        return f"pack {name} is not made yet{limit}"
    return f"pack {name} has {rows if most is None else min(rows, most)}"


def _rows(related: Related) -> int | None:
    facts = pack_facts(related)
    return facts.rows("eval") if facts else None
