"""Rows that no document comes of: each cause has its code, its reason and its advice."""

from dataclasses import dataclass
from typing import Final

from sluice_api import reasons
from sluice_api.reasons import Reason

TEMPLATE_REFUSED: Final = "template_refused"
TEMPLATE_REWRITES: Final = "template_rewrites"
HISTORY_REWRITTEN: Final = "history_rewritten"
ANSWER_TOO_LONG: Final = "answer_too_long"
PROMPT_TOO_LONG: Final = "prompt_too_long"
NO_ANSWER_TOKENS: Final = "no_answer_tokens"


@dataclass(frozen=True)
class Unusable:
    """A row that no document comes of, and the code under which it is counted."""

    code: str
    detail: str = ""
    needed: int = 0
    """Fewest tokens of a sequence that holds the row, where only length is in the way."""


@dataclass(frozen=True)
class Cause:
    """What a code means for the run."""

    what: str
    advice: str
    reason: Reason


CAUSES: Final = {
    TEMPLATE_REFUSED: Cause(
        "the chat template refuses their turns",
        "give the turns that it asks for, often user and assistant in alternation",
        reasons.CHAT_TEMPLATE_REFUSED,
    ),
    TEMPLATE_REWRITES: Cause(
        "the chat template leaves out or changes their answer",
        "use a base model whose template writes answers as they are",
        reasons.CHAT_TEMPLATE_UNSUPPORTED,
    ),
    HISTORY_REWRITTEN: Cause(
        "the chat template writes earlier answers otherwise than it asks for them",
        "set lossOn to FinalAssistant",
        reasons.CHAT_TEMPLATE_REWRITES_HISTORY,
    ),
    ANSWER_TOO_LONG: Cause(
        "their answer is longer than sequenceLength",
        "raise sequenceLength",
        reasons.SEQUENCE_TOO_SHORT,
    ),
    PROMPT_TOO_LONG: Cause(
        "their answer and what cannot be cut of their prompt are longer than sequenceLength",
        "raise sequenceLength",
        reasons.SEQUENCE_TOO_SHORT,
    ),
    NO_ANSWER_TOKENS: Cause(
        "their answer has no token",
        "give rows with an answer",
        reasons.NO_ANSWER_TOKENS,
    ),
}
