"""From conversations to documents: encode in batches, mask, fit into the length, count what is left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt

from sluice_trainer.chat.masks import TEMPLATE_REFUSED, LossOn, Marked, Unusable, mark
from sluice_trainer.chat.rendering import TemplateRefused
from sluice_trainer.chat.tokenizer import ChatTokenizer, Encoded, Messages
from sluice_trainer.data.shards import IGNORE, Document

ANSWER_TOO_LONG: Final = "answer_too_long"
NO_ANSWER_TOKENS: Final = "no_answer_tokens"
_BATCH: Final = 1024

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """A document, and whether the start of its prompt was cut off."""

    document: Document
    truncated: bool


def documents(
    tokenizer: ChatTokenizer, conversations: Iterable[Messages], loss_on: LossOn, length: int
) -> Iterator[Fitted | Unusable]:
    """One outcome per conversation, in order."""
    source = iter(conversations)
    while batch := list(islice(source, _BATCH)):
        marked = [_mark(tokenizer, messages, loss_on) for messages in batch]
        encoded = iter(tokenizer.encode([m.rendered for m in marked if isinstance(m, Marked)]))
        for one in marked:
            yield one if isinstance(one, Unusable) else _document(tokenizer, one, next(encoded), length)


def _mark(tokenizer: ChatTokenizer, messages: Messages, loss_on: LossOn) -> Marked | Unusable:
    try:
        return mark(tokenizer, messages, loss_on)
    except TemplateRefused as refused:
        return Unusable(TEMPLATE_REFUSED, str(refused))


def _document(tokenizer: ChatTokenizer, marked: Marked, encoded: Encoded, length: int) -> Fitted | Unusable:
    edges = sorted({edge for span in marked.answers for edge in span})
    if _reaches_over(encoded, edges):
        encoded = tokenizer.encode_pieces(marked.rendered, edges)
    masks = [(encoded.starts >= a) & (encoded.ends <= b) & (encoded.starts < b) for a, b in marked.answers]
    return fit(encoded.ids, masks, length)


def _reaches_over(encoded: Encoded, edges: list[int]) -> bool:
    """Whether a token lies on both sides of an edge, so that neither side could be masked exactly."""
    return any(bool(np.any((encoded.starts < edge) & (encoded.ends > edge))) for edge in edges)


def fit(ids: npt.NDArray[np.int32], answers: list[Mask], length: int) -> Fitted | Unusable:
    """A document of at most `length` tokens that ends with the whole final answer.

    What follows the last answer is dropped, for nothing is learnt from it. When it is too long, the prompt
    is cut from the left; one token is always left before the answer.
    """
    final = np.flatnonzero(answers[-1]) if answers else np.zeros(0, dtype=np.int64)
    if not len(final):
        return Unusable(NO_ANSWER_TOKENS)
    end = int(final[-1]) + 1
    begin = max(0, end - length)
    if begin >= final[0]:
        return Unusable(ANSWER_TOO_LONG if begin else NO_ANSWER_TOKENS)
    learnt = np.logical_or.reduce(answers)[begin:end]
    learnt[0] = False
    kept = ids[begin:end]
    return Fitted(Document(kept, np.where(learnt, kept, IGNORE).astype(np.int32)), begin > 0)
