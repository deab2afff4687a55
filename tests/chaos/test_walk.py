"""2,000 random steps in each run of the tests: hypothesis draws walks, and shortens a bad one."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.walk import EVENTS, NUMBERS, describe, draw, replay

WALKS, STEPS = 20, 100
# Drawn by weight: an event stands in the list as often as it should happen.
NAMES = [name for name, weight in EVENTS.items() for _ in range(max(1, round(weight)))]
WALK = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, NUMBERS - 1)), min_size=STEPS - 1, max_size=STEPS - 1
)


@settings(
    max_examples=WALKS,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(WALK)
def test_invariants_hold_on_any_walk(walk: list[tuple[str, int]]) -> None:
    walked = replay([*walk, ("rest", 1)])
    assert walked.violation is None, describe(walked)


def test_a_seed_gives_the_same_walk_again() -> None:
    one, other = (replay(draw(7, 40)) for _ in range(2))
    assert one.counts == other.counts
    assert one.steps == 40
