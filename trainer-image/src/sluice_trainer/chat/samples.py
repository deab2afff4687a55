"""Looks at single rows as the model will see them: for the report, and to prove the masks."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from sluice_trainer.chat.documents import documents, exact, try_mark
from sluice_trainer.chat.fitting import Fitted, within
from sluice_trainer.chat.masks import LossOn, Marked, expected_answers
from sluice_trainer.chat.tokenizer import ChatTokenizer, Encoded, Messages
from sluice_trainer.chat.unusable import Unusable
from sluice_trainer.data.rows import Row


def describe_samples(
    tokenizer: ChatTokenizer, rows: Iterable[Row], loss_on: LossOn, length: int
) -> list[dict[str, Any]]:
    """Rows as text through the template, as far as they fit, with the parts that carry loss."""
    return [{"id": row.id, **_describe(tokenizer, row.messages, loss_on, length)} for row in rows]


def _describe(tokenizer: ChatTokenizer, messages: Messages, loss_on: LossOn, length: int) -> dict[str, Any]:
    marked = try_mark(tokenizer, messages, loss_on)
    [outcome] = documents(tokenizer, [messages], loss_on, length)
    if isinstance(marked, Unusable) or not isinstance(outcome, Fitted):
        problem = marked if isinstance(marked, Unusable) else outcome
        assert isinstance(problem, Unusable)
        return {"unusable": problem.code, "detail": problem.detail}
    if not outcome.truncated:
        return {"text": marked.rendered.text, "answers": list(expected_answers(marked))}
    text = tokenizer.decode(outcome.document.ids)
    return {"text": text, "answers": list(expected_answers(marked)), "truncated": True}


def unexpected_loss(tokenizer: ChatTokenizer, messages: Messages, loss_on: LossOn) -> str | None:
    """What the labels stand for when that is not the answers and their end tokens; None when all is well.

    Many decoders are no inverse (a prefix space is dropped, letters are replaced), so an answer is right when
    its ids are those of its text alone, or when they decode to it behind their prompt.
    """
    marked = try_mark(tokenizer, messages, loss_on)
    if isinstance(marked, Unusable):
        return None
    [whole] = tokenizer.encode([marked.rendered])
    encoded = exact(tokenizer, marked, whole)
    edges = sorted({edge for span in marked.answers for edge in span})
    alone = tokenizer.encode_pieces(marked.rendered, edges)
    for span in marked.answers:
        problem = _problem(tokenizer, encoded, alone, marked, span)
        if problem is not None:
            return problem
    return None


def _problem(
    tokenizer: ChatTokenizer, encoded: Encoded, alone: Encoded, marked: Marked, span: tuple[int, int]
) -> str | None:
    learnt = np.flatnonzero(within(encoded, span))
    if not len(learnt):
        return None
    in_a_row = learnt[-1] - learnt[0] == len(learnt) - 1
    if in_a_row and np.array_equal(encoded.ids[learnt], alone.ids[within(alone, span)]):
        return None
    before = tokenizer.decode(encoded.ids[: learnt[0]])
    found = tokenizer.decode(encoded.ids[: learnt[-1] + 1])[len(before) :]
    expected = marked.rendered.text[span[0] : span[1]]
    if found == expected:
        return None
    return f"labels decode to {found[:80]!r}, the answer is {expected[:80]!r}"
