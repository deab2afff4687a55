"""Which characters of a rendered conversation carry loss: the answer and the control token that ends it.

The final answer is written as evaluation asks for it: generation prompt, answer, and what ends a turn. What a
template puts before answers of the past but not into its generation prompt, such as an empty think block, is
no part of what the model must say. Earlier answers are found in the history as the template wrote it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sluice_trainer.chat.ending import answer_text, ending
from sluice_trainer.chat.tokenizer import ChatTokenizer, Messages, Rendered
from sluice_trainer.chat.unusable import (
    HISTORY_REWRITTEN,
    NO_ANSWER_TOKENS,
    TEMPLATE_REWRITES,
    Unusable,
)

LossOn = Literal["FinalAssistant", "AllAssistant"]
Span = tuple[int, int]


@dataclass(frozen=True)
class Turn:
    """Where the content of an earlier turn lies."""

    role: str
    span: Span


@dataclass(frozen=True)
class Marked:
    """A rendered conversation up to the end of its final answer, and the spans of its answers."""

    rendered: Rendered
    answers: tuple[Span, ...]
    turns: tuple[Turn, ...] = ()
    """Turns before the final answer, where their content is written as it is."""


def mark(tokenizer: ChatTokenizer, messages: Messages, loss_on: LossOn) -> Marked | Unusable:
    """Render a conversation and find its answers. Raises TemplateRefused."""
    places = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
    if not places:
        return Unusable(NO_ANSWER_TOKENS, "no turn is the assistant's")
    messages = messages[: places[-1] + 1]
    prompt = tokenizer.render(messages[:-1], generation_prompt=True)
    answer = _final(tokenizer, messages, prompt)
    if answer is None:
        return Unusable(TEMPLATE_REWRITES, "the template leaves out or changes the final answer")
    earlier = places[:-1] if loss_on == "AllAssistant" else []
    spans = [span for turn in earlier if (span := _earlier(tokenizer, messages, turn, prompt)) is not None]
    if len(spans) < len(earlier):
        return Unusable(HISTORY_REWRITTEN, "the template leaves out or changes an earlier answer")
    final = (len(prompt.text), len(answer.text))
    return Marked(answer, (*spans, final), tuple(_turns(prompt.text, messages[:-1])))


def _final(tokenizer: ChatTokenizer, messages: Messages, prompt: Rendered) -> Rendered | None:
    """Prompt, final answer and what ends it as one text."""
    found = ending(tokenizer, messages)
    content = answer_text(tokenizer, messages, found, prompt.text) if found else None
    if found is None or content is None:
        return None
    start = len(prompt.text) + len(content)
    controls = (*prompt.controls, *((start + a, start + b) for a, b in found.controls))
    literal = prompt.literal or tokenizer.holds_control(content)
    return Rendered(prompt.text + content + found.text, controls, literal)


def _earlier(tokenizer: ChatTokenizer, messages: Messages, turn: int, history: Rendered) -> Span | None:
    """Span of an earlier answer in the history; None when the template writes it otherwise than it asks."""
    asked = tokenizer.render(messages[:turn], generation_prompt=True).text
    if not history.text.startswith(asked):
        return None
    start, content = len(asked), messages[turn]["content"]
    after = _written(history.text, start, content)
    if after is None:
        return None
    limit = _next_turn(tokenizer, messages, turn, history)
    end = next((b for a, b in history.controls if a >= after and b <= limit), after)
    return (start, end) if after <= limit else None


def _written(text: str, start: int, content: str) -> int | None:
    """End of a content that is written at `start`, but for white space around it."""
    if text.startswith(content, start):
        return start + len(content)
    content = content.strip()
    start += len(text[start:]) - len(text[start:].lstrip())
    return start + len(content) if text.startswith(content, start) else None


def _next_turn(tokenizer: ChatTokenizer, messages: Messages, turn: int, history: Rendered) -> int:
    """Where the text of the turns after one begins at the latest: an end found beyond belongs to them."""
    later = next((i for i in range(turn + 1, len(messages)) if messages[i]["role"] == "assistant"), None)
    if later is None or later == len(messages) - 1:
        return len(history.text)
    return len(tokenizer.render(messages[:later], generation_prompt=True).text)


def _turns(text: str, messages: Messages) -> Iterator[Turn]:
    """Earlier turns in order, as far as their content is written as it is."""
    at = 0
    for message in messages:
        content = message["content"].strip()
        found = text.find(content, at) if content else -1
        if found >= 0:
            at = found + len(content)
            yield Turn(message["role"], (found, at))


def expected_answers(marked: Marked) -> Sequence[str]:
    """Text that the unmasked labels must stand for, answer by answer."""
    return [marked.rendered.text[start:end] for start, end in marked.answers]
