"""The reference page of metrics, as Markdown."""

from collections.abc import Iterable, Iterator

from sluice_operator.metrics import FAMILIES, Family
from sluice_operator.metrics.families import OBJECT

_HEAD = """# Metrics

The operator tells them at `/metrics`, port 8080, in the text format of Prometheus. Labels come from closed
lists, but for the `namespace` and `name` of an object.
"""
_OBJECTS = """
## Of single objects

Only the replica that holds the Lease tells these, and a series goes with its object. Each also carries
`namespace` and `name`. Times are Unix times: `time() - x` is an age.
"""


def metrics_page() -> str:
    """Every metric with its type, unit, labels and meaning."""
    about = [f for f in FAMILIES.values() if f.labels[:2] == OBJECT]
    process = [f for f in FAMILIES.values() if f.labels[:2] != OBJECT]
    return "\n".join([_HEAD, "## Of the operator", "", *_table(process), _OBJECTS, *_table(about), ""])


def _table(families: Iterable[Family]) -> Iterator[str]:
    yield "| Metric | Type | Unit | Labels | Meaning |"
    yield "|---|---|---|---|---|"
    for family in families:
        labels = ", ".join(f"`{label}`" for label in family.labels if label not in OBJECT)
        yield f"| `{family.name}` | {family.type} | {family.unit} | {labels} | {family.help} |"
