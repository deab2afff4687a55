"""Which images exist, and what goes into each: a table, and reading a Dockerfile's inputs.

Pure, apart from reading the files whose content makes the key.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
BASE = "docker.io/library/debian:bookworm-slim"

_STAGE = re.compile(r"^FROM\s+\S+\s+AS\s+(\S+)\s*$", re.MULTILINE)
_NEVER = ("__pycache__", ".egg-info", ".dist-info")


@dataclass(frozen=True)
class Recipe:
    """One image: its Dockerfile, the stage to stop at, and the images that it builds on."""

    name: str
    dockerfile: str
    target: str | None = None
    needs: tuple["Recipe", ...] = ()

    def text(self) -> str:
        """Return the Dockerfile as far as it matters to this image."""
        whole = (CHECKOUT / self.dockerfile).read_text()
        return whole if self.target is None else until_stage(whole, self.target)


# Stages that other images mount or start from. Each needs the ones before it.
OPERATOR_TOOLS = Recipe("operator-tools", "Dockerfile", "tools")
TOOLS = Recipe("tools", "trainer-image/Dockerfile", "tools")
TORCH = Recipe("torch", "trainer-image/Dockerfile", "torch", needs=(TOOLS,))

OPERATOR = Recipe("operator", "Dockerfile", needs=(OPERATOR_TOOLS,))
TRAINER = Recipe("trainer", "trainer-image/Dockerfile", needs=(TOOLS, TORCH))
SERVING = Recipe("serving", "localcluster/serving/Dockerfile", needs=(TOOLS, TORCH))

IMAGES = {recipe.name: recipe for recipe in (OPERATOR, TRAINER, SERVING)}


def key_of(recipe: Recipe, base_key: str) -> str:
    """Return a hash of everything that goes into an image."""
    digest = hashlib.sha256(base_key.encode())
    for needed in recipe.needs:
        digest.update(key_of(needed, base_key).encode())
    text = recipe.text()
    digest.update(text.encode())
    for path in files_of(copied(text)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(CHECKOUT)} {content}\n".encode())
    return digest.hexdigest()


def copied(dockerfile: str) -> list[str]:
    """Return what a Dockerfile copies from the checkout."""
    sources: list[str] = []
    for line in dockerfile.splitlines():
        words = line.split()
        if words[:1] == ["COPY"] and not words[1].startswith("--from="):
            sources += [word for word in words[1:-1] if not word.startswith("--")]
    return sources


def files_of(sources: Iterable[str]) -> list[Path]:
    """Return the files below the sources, without what Python and its packagers leave behind."""
    found: set[Path] = set()
    for source in sources:
        start = CHECKOUT / source
        found.update([start] if start.is_file() else start.rglob("*"))
    return sorted(path for path in found if path.is_file() and not _is_left_behind(path))


def _is_left_behind(path: Path) -> bool:
    return any(part.endswith(_NEVER) for part in path.relative_to(CHECKOUT).parts)


def until_stage(dockerfile: str, target: str) -> str:
    """Return the Dockerfile up to the end of a stage."""
    stages = [match for match in _STAGE.finditer(dockerfile) if match[1] == target]
    if not stages:
        raise ValueError(f"no stage {target!r} in the Dockerfile")
    following = dockerfile.find("\nFROM ", stages[0].end())
    return dockerfile if following < 0 else dockerfile[:following]
