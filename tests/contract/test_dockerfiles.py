"""The Dockerfiles against the checkout, and against each other."""

import re
from pathlib import Path

import pytest

from bench.operators.shipped import NOT_IN_THE_IMAGE
from sluice_images.recipes import CHECKOUT, IMAGES, copied, files_of, until_stage

FILES = {name: (CHECKOUT / recipe.dockerfile).read_text() for name, recipe in IMAGES.items()}

LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))


def instructions(dockerfile: str) -> list[str]:
    """Return a Dockerfile without comments and empty lines."""
    return [line for line in dockerfile.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("name", FILES)
def test_everything_copied_is_in_the_checkout(name: str) -> None:
    for source in copied(FILES[name]):
        assert files_of([source]), f"{source} is named by the Dockerfile of {name} and holds no file"


@pytest.mark.parametrize("name", FILES)
def test_every_image_runs_as_the_same_unprivileged_user(name: str) -> None:
    assert [line for line in instructions(FILES[name]) if line.startswith("USER ")] == ["USER 65532:65532"]


def test_operator_and_trainer_start_from_the_same_stages() -> None:
    operator, trainer = (until_stage(FILES[name], "tools") for name in ("operator", "trainer"))
    assert instructions(operator) == instructions(trainer)


def test_the_operator_image_has_no_model_library_and_no_client_of_storage_or_cluster() -> None:
    lock = (CHECKOUT / "requirements" / "operator.txt").read_text()
    names = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert {"kopf", "urllib3", "pydantic"} <= names
    assert names.isdisjoint({"torch", "transformers", "numpy", "boto3", "gguf", *NOT_IN_THE_IMAGE})


def test_vllm_and_the_trainer_share_every_package_of_the_torch_layer() -> None:
    def pins(name: str) -> set[str]:
        lock = (CHECKOUT / "requirements" / f"{name}.txt").read_text()
        return set(re.findall(r"^([a-z0-9-]+==[^ ]+)", lock, re.MULTILINE))

    apart = {pin for pin in pins("torch") - pins("serving") if not pin.startswith("setuptools==")}
    assert not apart
    assert pins("torch") <= pins("trainer")


@pytest.mark.parametrize(
    "lock", sorted((CHECKOUT / "requirements").glob("*.txt")), ids=lambda path: path.stem
)
def test_a_lock_names_no_host_and_no_path_of_a_machine(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(r"(^|\s)/\w", text)


@pytest.mark.parametrize("name", FILES)
def test_every_image_says_what_it_is(name: str) -> None:
    labels = re.findall(r"org\.opencontainers\.image\.(\w+)=", until_end(FILES[name]))
    assert {"title", "description", "version", "revision", "licenses"} <= set(labels)


def until_end(dockerfile: str) -> str:
    """The last stage: labels of others do not reach the image."""
    return dockerfile[dockerfile.rindex("\nFROM ") :]
