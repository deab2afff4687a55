"""What is done to a model's folder, by kind. Each change draws from its random numbers alone."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from mutations.changes import documents, headers, links, templates, tensors

Change = Callable[[Random, Path], str]
"""Changes a folder, and says what was done."""

KINDS: dict[str, tuple[Change, ...]] = {
    "header": headers.CHANGES,
    "tensors": tensors.CHANGES,
    "json": documents.CHANGES,
    "template": templates.CHANGES,
    "links": links.CHANGES,
}
_WEIGHTS = {"header": 22, "tensors": 14, "json": 44, "template": 12, "links": 8}


def mutate(random: Random, folder: Path) -> str:
    """One change, or now and then two."""
    told = []
    for _ in range(2 if random.random() < 0.1 else 1):
        [kind] = random.choices(list(KINDS), [_WEIGHTS[k] for k in KINDS])
        try:
            told.append(f"{kind}: {random.choice(KINDS[kind])(random, folder)}")
        except Exception:
            if not told:
                raise  # the second of two may find nothing that it can read any more
    return "; ".join(told)
