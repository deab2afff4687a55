"""Counts sum up, and a pack is refused for one clear reason."""

from collections import Counter
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.contracts.requests import PackRequest
from sluice_api.reasons import Reason
from sluice_trainer.data.build import Built
from sluice_trainer.data.counting import RejectedAt, Tally
from sluice_trainer.data.verdict import refusal


def _request(**validation: Any) -> PackRequest:
    source = {"name": "rows", "locator": "s3://bucket/rows.jsonl", "mapper": "ChatMessages"}
    return PackRequest.parse({"sources": [source], "validation": validation})


def _built(accepted: int, **rejected: int) -> Built:
    tally = Tally(accepted)
    for code, count in rejected.items():
        for line in range(1, count + 1):
            tally.reject(code, RejectedAt("rows", line, "a detail"))
    return Built(tally=tally, read_per_source=Counter(rows=tally.counts.read))


@pytest.mark.parametrize(
    ("built", "validation", "reason"),
    [
        (_built(0), {}, reasons.SOURCE_EMPTY),
        (_built(0, parse_error=2), {}, reasons.NO_USABLE_ROWS),
        (_built(89, parse_error=11), {}, reasons.TOO_MANY_REJECTED),
        (_built(90, parse_error=10), {}, None),
        (_built(9), {"minRows": 10}, reasons.TOO_FEW_ROWS),
        (_built(10), {"minRows": 10}, None),
        (_built(1, duplicate=99), {"maxRejectedPercent": 0}, None),
        (_built(99, parse_error=1), {"maxRejectedPercent": 0}, reasons.TOO_MANY_REJECTED),
    ],
)
def test_a_pack_is_refused_just_beyond_each_bound(
    built: Built, validation: dict[str, int], reason: Reason | None
) -> None:
    refused = refusal(_request(**validation), built)
    assert (refused[0] if refused else None) == reason


def test_the_message_of_a_refusal_has_the_counts() -> None:
    refused = refusal(_request(), _built(1, parse_error=2, unknown_role=1))
    assert refused is not None
    assert "3 of 4 rows" in refused[1]
    for told in (
        "parse_error 2 (first: source rows (rows.jsonl), line 1: a detail)",
        "unknown_role 1 (first",
    ):
        assert told in refused[1]


def test_the_first_rejected_rows_of_each_code_are_named_within_bounds() -> None:
    tally = Tally()
    for line in range(2, 40):
        tally.reject("missing_text", RejectedAt("rows", line))
    tally.reject("parse_error", RejectedAt("more", 7))
    tally.reject("parse_error", RejectedAt("rows" * 10, 999_999_999))
    many, few = tally.rejections(6)
    assert many.lines == "rows:2,3,4,5,6,7,8,9,10,11"
    assert few.lines == "more:7"


def test_a_short_list_of_rejections_still_sums_up() -> None:
    tally = Tally(0, Counter({f"code_{chr(97 + i)}": i + 1 for i in range(12)}))
    short = tally.rejections(8)
    assert len(short) == 8
    assert short[-1].reason == "other"
    assert sum(r.count for r in short) == tally.counts.rejected
