"""From conversations to documents: encode in batches, mask, fit into the length, tell what is left out."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np

from sluice_trainer.chat.fitting import Fitted, fit
from sluice_trainer.chat.masks import LossOn, Marked, mark
from sluice_trainer.chat.rendering import TemplateRefused
from sluice_trainer.chat.tokenizer import ChatTokenizer, Encoded, Messages
from sluice_trainer.chat.unusable import TEMPLATE_REFUSED, Unusable

_BATCH: Final = 1024


def documents(
    tokenizer: ChatTokenizer, conversations: Iterable[Messages], loss_on: LossOn, length: int
) -> Iterator[Fitted | Unusable]:
    """One outcome per conversation, in order."""
    source = iter(conversations)
    while batch := list(islice(source, _BATCH)):
        marked = [try_mark(tokenizer, messages, loss_on) for messages in batch]
        encoded = iter(tokenizer.encode([m.rendered for m in marked if isinstance(m, Marked)]))
        for one in marked:
            if isinstance(one, Unusable):
                yield one
            else:
                yield fit(exact(tokenizer, one, next(encoded)), one, length)


def try_mark(tokenizer: ChatTokenizer, messages: Messages, loss_on: LossOn) -> Marked | Unusable:
    """A conversation with its answers found, or why that cannot be."""
    try:
        return mark(tokenizer, messages, loss_on)
    except TemplateRefused as refused:
        return Unusable(TEMPLATE_REFUSED, str(refused))


def exact(tokenizer: ChatTokenizer, marked: Marked, encoded: Encoded) -> Encoded:
    """Tokens of which none lies on both sides of an answer's edge, so that each can be masked exactly."""
    edges = sorted({edge for span in marked.answers for edge in span})
    if any(bool(np.any((encoded.starts < edge) & (encoded.ends > edge))) for edge in edges):
        return tokenizer.encode_pieces(marked.rendered, edges)
    return encoded
