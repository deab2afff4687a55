"""The verdict tables of a gate, as its status has them."""

from collections.abc import Iterator, Mapping
from typing import Any

_ROW = "  {:<34} {:>9} {:>9} {:>9} {:>10} {:>6}  {}"


def table(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Lines of the table of one verdict."""
    yield f"run {verdict['run']}: {verdict['verdict']} ({verdict['reason']}); {verdict['message']}"
    yield _ROW.format("criterion", "value", "lower", "upper", "threshold", "items", "verdict")
    for row in verdict.get("results", []):
        gained = ", over baseline" if row.get("compare") == "DeltaToBaseline" else ""
        name = f"{row['metric']} on {row['suite']}{gained}"
        numbers = [row.get(key, "-") for key in ("value", "lower", "upper", "threshold")]
        yield _ROW.format(name, *numbers, row["items"], row["verdict"])
