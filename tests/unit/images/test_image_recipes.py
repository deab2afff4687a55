"""What a Dockerfile says about its inputs."""

import pytest

from sluice_images.recipes import copied, until_stage

DOCKERFILE = """\
FROM debian AS tools
COPY requirements/a.txt requirements/b.txt /opt/
FROM tools AS code
COPY --chown=1:1 src/app /src/app
FROM debian
COPY --from=code /code /code
"""


def test_inputs_are_what_is_copied_from_the_checkout_and_not_from_a_stage() -> None:
    assert copied(DOCKERFILE) == ["requirements/a.txt", "requirements/b.txt", "src/app"]


def test_a_stage_depends_on_nothing_that_comes_after_it() -> None:
    assert copied(until_stage(DOCKERFILE, "tools")) == ["requirements/a.txt", "requirements/b.txt"]
    assert copied(until_stage(DOCKERFILE, "code")) == copied(DOCKERFILE)


def test_an_unknown_stage_is_an_error() -> None:
    with pytest.raises(ValueError, match="no stage 'torch'"):
        until_stage(DOCKERFILE, "torch")
