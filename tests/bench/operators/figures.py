"""Figures beside their peers and targets: as rows for people, as JSON for machines."""

import importlib.metadata
import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PACKAGES = ("kopf", "kubernetes", "pydantic", "aiohttp")
_HEAD = ("figure", "ours", "peer", "floor", "ours/peer", "target", "")


@dataclass(frozen=True)
class Figure:
    """One figure; less is better. No target: it is told, not judged."""

    name: str
    unit: str
    ours: float
    peer: float
    floor: float | None = None
    target: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the target, if any, is met."""
        return self.target is None or self.ours <= self.target

    def dump(self) -> dict[str, object]:
        """As JSON, with the ratios."""
        ratios = {"ours_to_peer": round(self.ours / self.peer, 3)}
        if self.floor is not None:
            ratios["ours_to_floor"] = round(self.ours / self.floor, 3)
        return {**asdict(self), **ratios, "holds": self.holds}

    def row(self) -> tuple[str, ...]:
        """As cells of a table."""
        floor = "" if self.floor is None else f"{self.floor:.1f}"
        target = "" if self.target is None else f"<= {self.target:g}"
        verdict = "" if self.target is None else "pass" if self.holds else "MISS"
        ratio = f"{self.ours / self.peer:.2f}"
        return (
            f"{self.name}, {self.unit}",
            f"{self.ours:.1f}",
            f"{self.peer:.1f}",
            floor,
            ratio,
            target,
            verdict,
        )


def quantile(values: Sequence[float], share: float) -> float:
    """By nearest rank: always a value that was measured."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def table(figures: Iterable[Figure]) -> str:
    """Rows under a head."""
    rows = [_HEAD, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def machine_facts() -> dict[str, object]:
    """What the figures depend on; the load is that before the bench."""
    model = next(
        (x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")), ""
    )
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": model.partition(":")[2].strip(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
