"""Looks at single rows as the model will see them: for the report, and to prove the masks."""

from collections.abc import Iterable
from typing import Any

from sluice_trainer.chat.documents import Fitted, documents
from sluice_trainer.chat.masks import LossOn, Unusable, expected_answers, mark
from sluice_trainer.chat.rendering import TemplateRefused
from sluice_trainer.chat.tokenizer import ChatTokenizer, Messages
from sluice_trainer.data.rows import Row
from sluice_trainer.data.shards import IGNORE

_UNBOUNDED = 2**30


def describe_samples(tokenizer: ChatTokenizer, rows: Iterable[Row], loss_on: LossOn) -> list[dict[str, Any]]:
    """Rows as text through the template, with the parts that carry loss."""
    return [{"id": row.id, **_describe(tokenizer, row.messages, loss_on)} for row in rows]


def _describe(tokenizer: ChatTokenizer, messages: Messages, loss_on: LossOn) -> dict[str, Any]:
    try:
        marked = mark(tokenizer, messages, loss_on)
    except TemplateRefused as refused:
        return {"unusable": str(refused)}
    if isinstance(marked, Unusable):
        return {"unusable": marked.detail}
    return {"text": marked.rendered.text, "answers": list(expected_answers(marked))}


def unexpected_loss(tokenizer: ChatTokenizer, messages: Messages, loss_on: LossOn) -> str | None:
    """What the labels decode to when that is not the answers and their end tokens; None when all is well."""
    [outcome] = documents(tokenizer, [messages], loss_on, _UNBOUNDED)
    if not isinstance(outcome, Fitted):
        return None
    marked = mark(tokenizer, messages, loss_on)
    assert not isinstance(marked, Unusable)
    expected = "".join(expected_answers(marked))
    labels = outcome.document.labels
    found = tokenizer.decode(labels[labels != IGNORE])
    # Some decoders replace characters; then the answer's own tokens decode to the same.
    if found in (expected, tokenizer.decode(tokenizer.encode_text(expected))):
        return None
    return f"labels decode to {found[:80]!r}, the answer is {expected[:80]!r}"
