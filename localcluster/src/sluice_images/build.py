"""Building what is missing, in order, under one lock.

An image's tag is the hash of all that goes into it, so "is it there" needs no build, and
buildah's own layer cache makes a change of our code cost only the last layers.
"""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sluice_images.base import base_key, ensure_base
from sluice_images.recipes import CHECKOUT, IMAGES, Recipe, key_of
from sluice_images.settings import read_package_settings, write_secrets
from sluice_images.store import Store
from sluice_localcluster import packages
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.lock import exclusive
from sluice_localcluster.paths import cache_folder
from sluice_localcluster.progress import say

_PROGRAMS = {
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
_KEY_DIGITS = 16


@dataclass(frozen=True)
class BuiltImage:
    """An image that is ready to be loaded."""

    name: str
    reference: str
    digest: str


def image_store() -> Store:
    """Return the store in the cache."""
    return Store(cache_folder() / "images")


def ensure_images(names: Iterable[str]) -> dict[str, BuiltImage]:
    """Build the images that are missing, and return all that were asked for by name."""
    plan = _plan([_recipe(name) for name in names])
    store = image_store()
    if not all(store.has(reference) for reference in plan.values()):
        _require_this_machine()
        with exclusive(store.folder / "lock", "waiting for another image build to end"):
            _build_missing(store, plan)
    asked = [(recipe.name, reference) for recipe, reference in plan.items() if recipe.name in IMAGES]
    return {name: BuiltImage(name, ref, store.inspect(ref).digest) for name, ref in asked}


def _plan(recipes: Iterable[Recipe]) -> dict[Recipe, str]:
    """Return every image to have, what is needed first, with its name; sources are read once."""
    ordered = dict.fromkeys(step for recipe in recipes for step in (*recipe.needs, recipe))
    base = base_key()
    return {step: f"{_repository(step)}:{key_of(step, base)[:_KEY_DIGITS]}" for step in ordered}


def _build_missing(store: Store, plan: dict[Recipe, str]) -> None:
    packages.ensure(_PROGRAMS)
    store.tidy()
    ensure_base(store)
    secrets = write_secrets(read_package_settings(), store.folder / "secrets")
    for recipe, reference in plan.items():
        if not store.has(reference):
            _build(store, recipe, reference, _arguments(recipe, plan, secrets))
    store.run("rmi", "--prune")


def _build(store: Store, recipe: Recipe, reference: str, arguments: list[str]) -> None:
    say(f"building the image {recipe.name} from {recipe.dockerfile}")
    seconds = store.run_visibly(f"building the image {recipe.name}", arguments, CHECKOUT)
    for name in store.names():
        if name.startswith(f"{_repository(recipe)}:") and name != reference:
            store.run("rmi", name)
    say(f"built {reference} in {seconds:.0f} s")


def _arguments(recipe: Recipe, plan: dict[Recipe, str], secrets: list[str]) -> list[str]:
    """Return buildah's arguments; what a recipe needs replaces the stages of those names.

    Without that, buildah 1.28 mounts a stage that came from its cache as an empty folder.
    """
    stages = {step.target: plan[step] for step in recipe.needs}
    return [
        "build",
        "--layers",
        "--force-rm",
        "--pull=never",
        "--network=host",
        "--format=oci",
        *secrets,
        *(f"--build-context={stage}=container-image://{image}" for stage, image in stages.items()),
        *([f"--target={recipe.target}"] if recipe.target else []),
        f"--file={recipe.dockerfile}",
        f"--tag={plan[recipe]}",
        ".",
    ]


def _recipe(name: str) -> Recipe:
    if name not in IMAGES:
        raise LocalClusterError(f"no image {name!r}; there are: {', '.join(IMAGES)}")
    return IMAGES[name]


def _repository(recipe: Recipe) -> str:
    return f"localhost/sluice-{recipe.name}"


def _require_this_machine() -> None:
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise LocalClusterError("building images without a container engine needs root on Linux")
    if not Path("/proc/filesystems").read_text().count("\toverlay\n"):
        raise LocalClusterError("this kernel has no overlay file system; run `modprobe overlay`")
