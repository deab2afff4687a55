"""Groups are split by seeded hashes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sluice_api.datasetpack import Split
from sluice_trainer.data.splitting import split_groups

GROUPS = [f"group-{i}" for i in range(200)]


def test_D18_the_same_seed_gives_the_same_split_in_any_order_of_rows() -> None:
    split = Split(validation_percent=10, test_percent=5, seed=7)
    assert split_groups(GROUPS, split) == split_groups(GROUPS[::-1], split)


def test_D18_another_seed_gives_another_split() -> None:
    first, second = (split_groups(GROUPS, Split(validation_percent=10, seed=seed)) for seed in (1, 2))
    assert first.keys() != second.keys()


def test_D18_shares_are_exact_and_every_group_has_one_place() -> None:
    names = list(split_groups(GROUPS, Split(validation_percent=10, test_percent=5)).values())
    assert (names.count("validation"), names.count("test")) == (20, 10)


@settings(max_examples=50)
@given(
    groups=st.sets(st.text(max_size=4), max_size=30),
    validation=st.integers(0, 45),
    test=st.integers(0, 45),
)
def test_D18_something_is_always_left_to_train_on(groups: set[str], validation: int, test: int) -> None:
    held_out = split_groups(groups, Split(validation_percent=validation, test_percent=test))
    assert set(held_out) <= groups
    assert not groups or set(held_out) != groups
