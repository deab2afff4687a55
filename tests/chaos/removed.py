"""A pytest plugin that takes the rule out which the environment names, for the whole session."""

import os
from collections.abc import Iterator

import pytest

from chaos.removals import ENVIRONMENT, find, without


@pytest.fixture(scope="session", autouse=True)
def rule_taken_out() -> Iterator[None]:
    with without(find(os.environ[ENVIRONMENT])):
        yield
