"""Which rows are asked."""

from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.suites import sample

ROWS = tuple(
    Row(f"id-{n}", f"id-{n}", (ChatMessage(role="user", content=str(n)),), None, "s", n) for n in range(50)
)


def ids(most: int | None, seed: int = 0) -> list[str]:
    return [row.id for row in sample(ROWS, most, seed)]


def test_a_larger_sample_holds_the_smaller_one() -> None:
    assert len(ids(10)) == 10
    assert set(ids(10)) < set(ids(20)) < set(ids(None))


def test_a_sample_is_seeded_and_keeps_the_order_of_the_pack() -> None:
    assert ids(20) == ids(20)
    assert ids(20) != ids(20, seed=1)
    assert ids(20) == sorted(ids(20), key=lambda name: int(name[3:]))


def test_more_than_there_is_means_all() -> None:
    assert ids(50) == ids(99) == ids(None) == [row.id for row in ROWS]
