"""Which characters of a rendered conversation carry loss: the answer and the control token that ends it.

A turn is found by rendering the conversation up to it with the generation prompt: what the model will see
before it answers. The rest, up to and with the first control token after the content, is what it must say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sluice_trainer.chat.tokenizer import ChatTokenizer, Messages, Rendered

LossOn = Literal["FinalAssistant", "AllAssistant"]
Span = tuple[int, int]

TEMPLATE_REFUSED: Final = "template_refused"
TEMPLATE_REWRITES: Final = "template_rewrites"


@dataclass(frozen=True)
class Unusable:
    """A row that no document comes of, and the code under which it is counted."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Marked:
    """A rendered conversation and the spans of its answers."""

    rendered: Rendered
    answers: tuple[Span, ...]


def supervised_turns(messages: Messages, loss_on: LossOn) -> list[int]:
    """Indices of the turns that carry loss."""
    turns = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
    return turns if loss_on == "AllAssistant" else turns[-1:]


def answer_span(rendered: Rendered, prompt: Rendered, content: str, limit: int) -> Span | None:
    """Span of one answer; None when the template does not write prompt and content as they are.

    `limit` is where the next turn's prompt ends: content found beyond it belongs to another turn.
    """
    if not rendered.text.startswith(prompt.text):
        return None
    start = len(prompt.text)
    found = rendered.text.find(content, start, limit)
    if found < 0:
        content = content.strip()
        found = rendered.text.find(content, start, limit)
    if found < 0:
        return None
    after = found + len(content)
    end = next((e for s, e in rendered.controls if s >= after), after)
    return start, end


def mark(tokenizer: ChatTokenizer, messages: Messages, loss_on: LossOn) -> Marked | Unusable:
    """Render a conversation and find its answers. Raises TemplateRefused."""
    rendered = tokenizer.render(messages)
    turns = supervised_turns(messages, loss_on)
    prompts = [tokenizer.render(messages[:turn], generation_prompt=True) for turn in turns]
    limits = [*(len(p.text) for p in prompts[1:]), len(rendered.text)]
    spans = [
        answer_span(rendered, prompt, messages[turn]["content"], limit)
        for turn, prompt, limit in zip(turns, prompts, limits, strict=True)
    ]
    found = tuple(span for span in spans if span is not None)
    if len(found) < len(spans):
        return Unusable(TEMPLATE_REWRITES, "the template leaves out or changes turns")
    return Marked(rendered, found)


def expected_answers(marked: Marked) -> Sequence[str]:
    """Text that the unmasked labels must decode to, answer by answer."""
    return [marked.rendered.text[start:end] for start, end in marked.answers]
