"""Equal prompts with different answers."""

from sluice_trainer.data.contradictions import Contradiction, Contradictions
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row


def counted(*rows: tuple[str, str]) -> Contradictions:
    """Rows of (question, answer), one a line."""
    found = Contradictions()
    for line, (question, answer) in enumerate(rows, start=1):
        turns = (
            ChatMessage(role="user", content=question),
            ChatMessage(role="assistant", content=answer),
        )
        found.add(Row(str(line), "", turns, None, "gold", line))
    return found


def numbers(*rows: tuple[str, str]) -> tuple[int, int]:
    count = counted(*rows).count()
    return (count.rows, count.in_any_form) if count else (0, 0)


def test_gold_that_contradicts_itself_leaves_half_of_it() -> None:
    rows = [(f"ticket {n}", label) for n in range(6) for label in ("billing", "shipping")]
    found = counted(*rows)
    count = found.count()
    assert count is not None
    assert (count.rows, count.in_any_form, count.lines) == (6, 6, "gold:2,4,6,8,10,12")
    assert found.first[0] == Contradiction("gold", 2, "gold", 1)


def test_the_most_frequent_answer_can_be_right() -> None:
    assert numbers(("q", "a"), ("q", "b"), ("q", "b"), ("q", "c"), ("other", "a")) == (2, 2)


def test_the_same_answer_twice_is_no_contradiction() -> None:
    assert numbers(("q", "a"), ("q", " a\n"), ("q", "<think>why</think>a")) == (0, 0)
    assert counted(("q", "a"), ("p", "b")).count() is None


def test_another_writing_contradicts_for_exact_match_only() -> None:
    assert numbers(("q", "Paris"), ("q", "paris."), ("p", "1"), ("p", "-1")) == (2, 0)
    assert numbers(("q", "Paris"), ("q", "Rome")) == (1, 1)


def test_prompts_that_differ_at_all_are_other_prompts() -> None:
    assert numbers(("q", "a"), ("q ", "b")) == (0, 0)


def test_ten_are_named() -> None:
    found = counted(*[("q", str(n)) for n in range(50)])
    assert (len(found.first), found.count().rows) == (10, 49)  # type: ignore[union-attr]
