"""Rows that are left out or cut: each cause has its own advice, and most of the rows must stay whole."""

from typing import Any

import pytest

from sluice_api import reasons
from sluice_trainer.chat.tokenspec import SplitTokens
from sluice_trainer.chat.unusable import CAUSES
from sluice_trainer.preflight.fitting import cut, skipped


def train(**more: Any) -> SplitTokens:
    facts = {"rows": 1000, "tokens": 1, "answerTokens": 1, "packs": 1, "largestAnswer": 1, "fillPercent": 9.0}
    return SplitTokens.parse(facts | {"truncatedRows": 0} | more)


def test_P01_a_warning_starts_just_beyond_its_threshold() -> None:
    assert skipped(train(rows=90, skipped={"answer_too_long": 10})).status == "ok"
    assert skipped(train(rows=89, skipped={"answer_too_long": 11})).status == "warn"
    assert [cut(train(truncatedRows=n), 64).status for n in (10, 11, 500, 501)] == [
        "ok",
        "warn",
        "warn",
        "blocked",
    ]


def test_P02_rows_that_would_be_cut_are_refused_unless_the_preflight_is_open() -> None:
    found = cut(train(truncatedRows=900), 64)
    assert (found.reason, found.overrulable) == (reasons.ROWS_CUT, True)
    assert "900 of 1000 rows are longer than sequenceLength 64" in found.message


@pytest.mark.parametrize("code", CAUSES)
def test_each_cause_has_its_own_advice(code: str) -> None:
    message = skipped(train(skipped={code: 900, "other": 1}, neededLength=77)).message
    assert CAUSES[code].advice in message
    assert ("to 77" in message) == (CAUSES[code].reason is reasons.SEQUENCE_TOO_SHORT)
    assert ("sequenceLength" in message) == (CAUSES[code].reason is reasons.SEQUENCE_TOO_SHORT)
    assert len(message) <= 120
