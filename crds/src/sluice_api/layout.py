"""Where things stand in the store: one function per place, relative to the namespace's root.

Only names are made here. Readers find work through markers, and verify what they read.
"""

import re

ROOTS = ("packs", "artifacts", "tokens", "models")
"""Folders whose entries are found through markers by digest, fingerprint, key or name."""

_AUDIT = re.compile(r"\Aaudit/[^/]+/([^/]+)/([1-9][0-9]{0,8})\.json\Z")
_MARKER = re.compile(r"(?:\A|/)(done|damaged)-([0-9a-z]{1,32})\.json\Z")


def attempt_folder(stage: str, request_hash: str, pod_uid: str) -> str:
    """Folder that one Pod may fill; nobody reads it before a marker names it."""
    return f"{stage}/{request_hash}/{pod_uid}"


def stage_key(stage: str, request_hash: str) -> str:
    """Folder of the markers of one request."""
    return f"{stage}/{request_hash}"


def named_key(root: str, name: str) -> str:
    """Folder of the markers of something found by content: `packs/<hex>`, `artifacts/<fingerprint>`, ..."""
    if root not in ROOTS:
        raise ValueError(f"{root} is not one of {', '.join(ROOTS)}")
    return f"{root}/{name.removeprefix('sha256:')}"


def checkpoint_key(fingerprint: str, step: int) -> str:
    """Folder of one checkpoint, whichever attempt wrote it."""
    return f"train/{fingerprint}/checkpoints/step-{step:08d}"


def checkpoints_key(fingerprint: str) -> str:
    """Folder of all checkpoints of a run."""
    return f"train/{fingerprint}/checkpoints"


def lock_key(fingerprint: str, epoch: int) -> str:
    """Lock object of one epoch."""
    return f"train/{fingerprint}/lock/{epoch:06d}"


def audit_name_key(name: str) -> str:
    """Folder of all archived audit chains of Deployments of one name."""
    return f"audit/{name}"


def audit_key(name: str, chain: str, sequence: int) -> str:
    """An archived link of an audit chain."""
    return f"{audit_name_key(name)}/{chain}/{sequence}.json"


def audit_place(key: str) -> tuple[str, int] | None:
    """Chain and number of an archived link, or None when the key is something else."""
    match = _AUDIT.search(key)
    return (match.group(1), int(match.group(2))) if match else None


def done_name(mark: str) -> str:
    """Name of a completion marker. Nobody counts: whoever took a number would stop everybody after it."""
    return f"done-{mark}.json"


def damaged_name(mark: str) -> str:
    """Name of the note that voids a marker."""
    return f"damaged-{mark}.json"


def done_mark(key: str) -> str | None:
    """What tells a completion marker from its neighbours, or None when the key is something else."""
    return _mark(key, "done")


def damaged_mark(key: str) -> str | None:
    """Which completion marker a key voids, or None when the key is something else."""
    return _mark(key, "damaged")


def _mark(key: str, kind: str) -> str | None:
    match = _MARKER.search(key)
    return match.group(2) if match and match.group(1) == kind else None
