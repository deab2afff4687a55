"""Rows that no document comes of: what is told of the rows and the next step of the reason fit together."""

import pytest

from sluice_trainer.chat.unusable import CAUSES, Cause


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES.keys())
def test_the_next_step_names_what_the_advice_names(cause: Cause) -> None:
    words = set(cause.advice.lower().split()) - {"a", "as", "that", "it", "the", "they", "are", "to", "with"}
    assert words & set(cause.reason.next_step.lower().replace(",", " ").replace(".", " ").split())


def test_rewritten_history_is_mended_in_the_spec() -> None:
    assert "lossOn" in CAUSES["history_rewritten"].reason.next_step
