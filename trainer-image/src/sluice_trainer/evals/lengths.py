"""Whether a perfect answer fits into the tokens that a suite allows."""

from collections.abc import Callable, Sequence

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_api.evalgate import MOST_NEW_TOKENS
from sluice_trainer.chat.reasoning import split_reasoning
from sluice_trainer.evals.suites import Suite

_TOLD = 5


def refuse_short_limit(suite: Suite, tokens: Callable[[str], int]) -> None:
    """Raise InputWrong(GATE_UNREACHABLE) when a reference is longer than an answer may be.

    `tokens` counts as the artifact's tokenizer does.
    """
    limit = suite.request.generation.max_new_tokens
    lengths = {row.id: tokens(split_reasoning(row.answer).answer) for row in suite.rows}
    long = [item for item, length in lengths.items() if length > limit]
    if long:
        needed = max(lengths.values())
        found = (
            f"suite {suite.name}: {len(long)} of {len(lengths)} references are longer than "
            f"maxNewTokens {limit}, such as {_few(long)}, so that not even a perfect answer fits"
        )
        raise InputWrong(reasons.GATE_UNREACHABLE, f"{found}; {_advice(suite.name, needed)}")


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_TOLD])


def _advice(suite: str, needed: int) -> str:
    if needed > MOST_NEW_TOKENS:
        return (
            f"the longest has {needed} tokens and at most {MOST_NEW_TOKENS} are possible: shorten these rows"
        )
    return f"set generation.maxNewTokens of suite {suite} to at least {needed}"
