"""How a template writes the final answer: what stands before it, what ends it, and whether it stays."""

from dataclasses import dataclass

from sluice_trainer.chat.reasoning import close_of, open_mark, split_reasoning
from sluice_trainer.chat.tokenizer import ChatTokenizer, Messages
from sluice_trainer.data.mappers.example import ChatMessage

_PROBE = "sluiceprobe"
"""Stands for an answer: one word that no template treats in a special way."""


@dataclass(frozen=True)
class Ending:
    """What a template writes around the final answer of a conversation."""

    before: str
    """Everything up to the answer."""
    text: str
    """What the model must say after it: up to and with the first control token."""
    rest: str
    """Everything after the answer."""
    controls: tuple[tuple[int, int], ...]
    """Control tokens in `text`, counted from the answer's end."""


def ending(tokenizer: ChatTokenizer, messages: Messages) -> Ending | None:
    """Around the last message. None when the template leaves answers out. Raises TemplateRefused."""
    written = tokenizer.render(_with_answer(messages, _PROBE))
    at = written.text.rfind(_PROBE)
    if at < 0:
        return None
    after = at + len(_PROBE)
    end = next(((a, b) for a, b in written.controls if a >= after), (after, after))
    controls = ((end[0] - after, end[1] - after),) if end[1] > end[0] else ()
    return Ending(written.text[:at], written.text[after : end[1]], written.text[after:], controls)


def answer_text(tokenizer: ChatTokenizer, messages: Messages, found: Ending, prompt: str) -> str | None:
    """What the model must say after `prompt`, without what ends it; None when the template changes it.

    A template may trim it. Thoughts in it may be written otherwise by the template: they stay as they are. A
    think block that the prompt opens is closed before an answer that has none.
    """
    content = messages[-1]["content"]
    written = tokenizer.render(messages).text
    form = next((c for c in (content, content.strip()) if written == found.before + c + found.rest), None)
    if form is None and split_reasoning(content).answer == content:
        return None
    return _continued(form if form is not None else content.strip(), prompt, _gap(found.before, prompt))


def _gap(before: str, prompt: str) -> str:
    """White space that the template writes between its generation prompt and an answer."""
    gap = before[len(prompt) :] if before.startswith(prompt) else ""
    return "" if gap.strip() else gap


def _continued(content: str, prompt: str, gap: str) -> str:
    opened = open_mark(prompt)
    if opened is None:
        return gap + content
    own = content.lstrip()
    if own.startswith(opened):
        return own[len(opened) :].lstrip("\n") if prompt.endswith("\n") else own[len(opened) :]
    close = close_of(opened)
    return content if close in content else f"{close}\n\n{content}"


def answer_prefix(tokenizer: ChatTokenizer) -> tuple[str, str]:
    """What the template writes before an answer, and what its generation prompt ends with, where they differ.

    Both are empty when the generation prompt is what stands before answers. Raises TemplateRefused.
    """
    question = [ChatMessage(role="user", content="question")]
    asked = tokenizer.render(question, generation_prompt=True).text
    found = ending(tokenizer, [*question, ChatMessage(role="assistant", content=_PROBE)])
    written = found.before if found else ""
    same = 0
    while same < min(len(asked), len(written)) and asked[same] == written[same]:
        same += 1
    return written[same:], asked[same:]


def _with_answer(messages: Messages, content: str) -> list[ChatMessage]:
    return [*messages[:-1], ChatMessage(role="assistant", content=content)]
