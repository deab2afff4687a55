"""The operator is killed after its writes, in five stories; `make chaos` kills after every single one."""

import pytest

from chaos.kills import STORIES, Story, outcome

SAMPLE = 4
"""Kills of each story in the short form, spread over its writes."""


@pytest.mark.parametrize("name", STORIES)
def test_I3_a_killed_operator_ends_where_the_unbroken_one_does(name: str) -> None:
    unbroken = Story(STORIES[name]).play()
    expected = outcome(unbroken)
    for number in range(SAMPLE):
        kill_after = 1 + (unbroken.writes - 1) * number // (SAMPLE - 1)
        assert outcome(Story(STORIES[name], kill_after).play()) == expected, (
            f"killed after write {kill_after}"
        )


def test_stories_go_where_they_should() -> None:
    ends = {name: Story(steps).play().world.witness.memory for name, steps in STORIES.items()}
    causes = {name: [stay.cause for stay in memory.history] for name, memory in ends.items()}
    assert causes == {
        "quickstart": ["automatic"],
        "promotion and rollback": ["health", "automatic", "automatic"],
        "drift rollback": ["drift", "automatic", "automatic"],
        "gate edited during a promotion": ["automatic"],
        "run deleted and applied again": ["automatic"],
    }
