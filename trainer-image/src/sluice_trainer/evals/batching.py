"""Which prompts are answered together: as many as a budget of tokens holds, fewer once memory ran out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from sluice_trainer.exhaustion import memory_ran_out

Answer = TypeVar("Answer")


def batches(lengths: Mapping[int, int], new_tokens: int, most_rows: int, most_tokens: int) -> list[list[int]]:
    """Places in order of their prompts' lengths, in batches.

    A batch costs its rows times its longest prompt with room for the answer; one row is always a batch.
    """
    found: list[list[int]] = []
    for place in sorted(lengths, key=lambda place: (lengths[place], place)):
        cost = lengths[place] + new_tokens
        if found and len(found[-1]) < most_rows and (len(found[-1]) + 1) * cost <= most_tokens:
            found[-1].append(place)
        else:
            found.append([place])
    return found


class Halving(Generic[Answer]):
    """Answers batches, in halves as soon as one did not fit into memory; later ones are cut alike."""

    def __init__(self, answer: Callable[[Sequence[int]], list[Answer]], free: Callable[[], None]) -> None:
        """`free` gives back what a failed try still holds."""
        self._answer = answer
        self._free = free
        self._most = 2**30

    def __call__(self, batch: Sequence[int]) -> list[Answer]:
        """Answers in order. Raises what a single row raises."""
        answers: list[Answer] = []
        while len(answers) < len(batch):
            answers += self._some(batch[len(answers) :][: self._most])
        return answers

    def _some(self, part: Sequence[int]) -> list[Answer]:
        """Answers to all of a part, or to none of it when it is too large."""
        try:
            return self._answer(part)
        except (RuntimeError, MemoryError) as error:
            if len(part) == 1 or memory_ran_out(error) is None:
                raise
        self._most = min(self._most, (len(part) + 1) // 2)
        self._free()
        return []
