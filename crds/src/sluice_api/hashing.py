"""Canonical JSON and the hashes made of it.

The canonical form leaves out fields that are null or equal to their default, so that an upgrade that adds
a defaulted field changes no hash. Golden vectors in the contract tests guard every release.
"""

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def plain(model: BaseModel) -> dict[str, Any]:
    """Plain data of a model without its null and default fields: what counts for identity."""
    return model.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude_none=True, warnings=False
    )


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys, no white space and no NaN. Models lose null and default fields."""
    if isinstance(value, BaseModel):
        value = plain(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def content_hash(value: Any) -> str:
    """sha256 of the canonical form, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def digest_of(value: Any) -> str:
    """`sha256:` digest of the canonical form of plain data or a model."""
    return f"sha256:{content_hash(value)}"


def digest_of_bytes(data: bytes) -> str:
    """`sha256:` digest of raw bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
