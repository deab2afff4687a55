"""From replies to scored items: what was thought aloud is set apart before the task sees the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.chat.reasoning import Split, closes_unopened, split_reasoning
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.results import ItemResult, NoReply, Reply, Said
from sluice_trainer.evals.suites import Suite
from sluice_trainer.evals.tasks import FAMILIES
from sluice_trainer.evals.tasks.family import Family

Replies = Callable[[Sequence[Row], int], list[Reply]]


@dataclass(frozen=True)
class Scored:
    """Results of a suite, and what asking it took."""

    items: tuple[ItemResult, ...]
    prompt_tokens: int
    """Longest prompt that was asked; 0 when the target does not tell."""
    window_tokens: int
    """What a slot must hold: the longest prompt with room for the longest answer; 0 when it is not known."""


def score(suite: Suite, replies: Replies) -> Scored:
    """Ask and score one suite."""
    limit = suite.request.generation.max_new_tokens
    answers = _opened(replies(suite.rows, limit))
    _refuse_no_room(suite, answers)
    family, labels = FAMILIES[suite.details.task], suite.details.labels
    pairs = zip(suite.rows, answers, strict=True)
    longest = max((said.prompt_tokens for said in answers if isinstance(said, Said)), default=0)
    items = tuple(_item(family, _judged(row), reply, labels) for row, reply in pairs)
    return Scored(items, longest, longest + limit if longest else 0)


def _refuse_no_room(suite: Suite, answers: Sequence[Reply]) -> None:
    """What cannot be asked at all is a reason, never a zero. Raises InputWrong(GATE_UNREACHABLE)."""
    if all(reply is NoReply.NO_ROOM for reply in answers):
        limit = suite.request.generation.max_new_tokens
        raise InputWrong(
            reasons.GATE_UNREACHABLE,
            f"suite {suite.name}: with answers of {limit} tokens none of its {len(answers)} prompts fits "
            "into the model's context; lower generation.maxNewTokens or shorten the prompts",
        )


def _opened(answers: Sequence[Reply]) -> list[Reply]:
    """Replies that know whether they begin inside a think block.

    An endpoint does not tell. But the prompts of a suite end alike, so one reply that closes a block which it
    did not open tells it of all.
    """
    if not any(isinstance(said, Said) and closes_unopened(said.text) for said in answers):
        return list(answers)
    return [replace(said, opened=True) if isinstance(said, Said) else said for said in answers]


def _judged(row: Row) -> Row:
    """The row with an answer that holds no thoughts, for a reference may have them as well."""
    answer = split_reasoning(row.answer).answer
    if answer == row.answer:
        return row
    return replace(row, messages=(*row.prompt, ChatMessage(role="assistant", content=answer)))


def _item(family: Family, row: Row, reply: Reply, labels: Sequence[str]) -> ItemResult:
    if isinstance(reply, NoReply):
        return replace(family.score(row, None, labels), failure=reply.value)
    parts = Split(reply.reasoning, reply.text) if reply.reasoning else _split(reply)
    return replace(family.score(row, parts.answer, labels), reasoning=parts.reasoning, cut=reply.cut)


def score_again(item: ItemResult, row: Row, family: Family, labels: Sequence[str]) -> ItemResult:
    """A stored result by today's rules."""
    said = split_reasoning(item.prediction)
    scored = family.score(_judged(row), None if item.failed else said.answer, labels)
    thought = item.reasoning or said.reasoning
    return replace(scored, group=item.group, failure=item.failure, reasoning=thought, cut=item.cut)


def _split(reply: Said) -> Split:
    """A block that the prompt opened and the reply opens again is one block."""
    again = closes_unopened(reply.text) or not split_reasoning(reply.text).reasoning
    return split_reasoning(reply.text, opened=reply.opened and again)
