"""How messages about rows name a place: source, file, line."""

from sluice_api.datasetpack import Source
from sluice_api.text import visible

_MOST_NAME = 60


def place(source: Source, line: int | None = None) -> str:
    """The source with its file, and the line: `source tickets (march.csv), line 21`."""
    file = source.locator.partition("?")[0].rstrip("/").rpartition("/")[2]
    where = f"source {source.name} ({visible(file[-_MOST_NAME:])})"
    return where if line is None else f"{where}, line {line}"
