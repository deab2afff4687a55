"""What a gate needs of its suites before anything can pass it. Pure."""

from collections.abc import Iterator

from sluice_api.criteria import demand_of
from sluice_api.evalgate import EvalGateSpec, Suite
from sluice_api.reach import MOST_CLASSES, reachable
from sluice_operator import raw
from sluice_operator.facts.pack import pack_facts
from sluice_operator.model import Key, Related
from sluice_plugin.plan.world import World


def needs(world: World, key: Key, spec: EvalGateSpec) -> Iterator[str]:
    """One line per criterion: the fewest items with which a perfect candidate passes, and what is there."""
    suites = {suite.name: suite for suite in spec.suites}
    for criterion in spec.criteria:
        suite, demand = suites[criterion.suite], demand_of(criterion)
        pack = world.cache.related(Key(key.namespace, "DatasetPack", suite.dataset_ref.name))
        reach = reachable(criterion, 0, _labels(pack))
        required = "" if demand.required else " (advisory)"
        yield f"{demand.words}{required}: {reach.told}; {_there(suite, pack)}"


def _labels(pack: Related | None) -> int:
    """Labels of the suite, or as many as there may be."""
    facts = pack_facts(pack) if pack else None
    found = raw.mapping(pack.resource.spec, "classification").get("labels") if pack else None
    return (facts.labels if facts else 0) or (len(found) if isinstance(found, list) else 0) or MOST_CLASSES


def _there(suite: Suite, pack: Related | None) -> str:
    name, most = suite.dataset_ref.name, suite.max_samples
    facts = pack_facts(pack) if pack else None
    if facts is None:
        limit = f", and at most {most} are asked" if most else ""
        return f"pack {name} is not made yet{limit}"
    rows = facts.rows("eval")
    return f"pack {name} has {rows if most is None else min(rows, most)}"
