"""The one list of reasons: each has a next step, a spelling of its own and room in a condition."""

import re

import pytest

from sluice_api import reasons
from sluice_api.reasons import BY_CAMEL, REASONS, Reason, Retry, Severity

ALL = list(REASONS.values())


@pytest.mark.parametrize("reason", ALL, ids=REASONS)
def test_each_reason_says_what_to_do(reason: Reason) -> None:
    assert reason.next_step.endswith(".")
    assert len(reason.next_step) > 10
    assert reason.retry is not Retry.HUMAN or reason.next_step != "Nothing to do."


@pytest.mark.parametrize("reason", ALL, ids=REASONS)
def test_each_reason_is_spelled_as_kubernetes_and_reports_take_it(reason: Reason) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", reason.code)
    assert len(reason.code) <= 40
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", reason.camel)
    assert reason.anchor == f"docs/reference/reasons.md#{reason.code.replace('_', '-')}"


def test_a_message_ends_with_the_next_step_however_long_it_is() -> None:
    assert reasons.SOURCE_EMPTY.advise("no rows.").startswith("no rows. Give a file with rows")
    assert all(len(reason.advise("x" * 5000)) <= 1000 for reason in ALL)


def test_no_two_reasons_share_a_spelling() -> None:
    assert len(BY_CAMEL) == len(REASONS)


def test_a_code_cannot_be_listed_twice() -> None:
    with pytest.raises(ValueError, match="pending is listed twice"):
        reasons._reason("pending", Severity.NORMAL, Retry.NONE, "Nothing to do.")


def test_every_reason_has_a_constant() -> None:
    constants = {value.code for value in vars(reasons).values() if isinstance(value, Reason)}
    assert constants == REASONS.keys()
