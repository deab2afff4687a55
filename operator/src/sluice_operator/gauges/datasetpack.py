"""What the metrics about a DatasetPack say."""

from collections.abc import Iterator

from sluice_operator import raw
from sluice_operator.gauges.series import Series, Status
from sluice_operator.metrics import objects as of
from sluice_operator.model import Observed

_OUTCOMES = ("read", "accepted", "rejected")


def series(_: Observed, status: Status) -> Iterator[Series]:
    """Rows, once they are counted."""
    rows = raw.mapping(status, "rows")
    if rows:
        yield from (Series(of.PACK_ROWS, float(raw.integer(rows, name)), (name,)) for name in _OUTCOMES)
