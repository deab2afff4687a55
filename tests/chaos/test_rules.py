"""Rules can be taken out one by one, and a story misses its row; `make chaos-rules` does it for all."""

import pytest

from chaos.kills import STORIES, Story
from chaos.removals import UNMISSED, find, without
from chaos.rules import RULES


def causes(story: str) -> list[str]:
    return [stay.cause for stay in Story(STORIES[story]).play().world.witness.memory.history]


def test_every_rule_has_a_name_of_its_own_and_changes_the_planner() -> None:
    names = [rule[0] for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(UNMISSED) <= set(names)
    for name in names:
        with without(find(name)):
            pass


@pytest.mark.parametrize(
    ("rule", "story"), [("3 row 10", "promotion and rollback"), ("3 row 11", "drift rollback")]
)
def test_a_story_misses_its_row(rule: str, story: str) -> None:
    whole = causes(story)
    with without(find(rule)):
        assert causes(story) != whole
    assert causes(story) == whole
