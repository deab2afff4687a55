"""Bounds in bytes of JSON, because the kubelet counts bytes and a character may take six of them.

Only the counting belongs here; who gets how many bytes stands in `reports` and `envelope`.
"""

import json
from dataclasses import dataclass

from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from sluice_api.common import UriDigest


def compact_json(value: object) -> bytes:
    """JSON as reports are written: no white space, UTF-8."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def json_bytes(text: str) -> int:
    """Bytes of a string inside JSON, without its quotes."""
    return len(compact_json(text)) - 2


def clip(text: str, limit: int) -> str:
    """The longest start of `text` that takes at most `limit` bytes; a cut is marked by three dots."""
    text = text.encode("utf-8", "replace").decode()
    if json_bytes(text) <= limit:
        return text
    kept, used = [], 3
    for character in text:
        used += json_bytes(character)
        if used > limit:
            break
        kept.append(character)
    return "".join(kept) + "..."


@dataclass(frozen=True)
class Clip:
    """Annotation of text that is cut to `limit` bytes instead of being refused."""

    limit: int

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as usual, then cut."""
        cutting = AfterValidator(lambda text: clip(text, self.limit))
        return cutting.__get_pydantic_core_schema__(source, handler)


@dataclass(frozen=True)
class RefBytes:
    """Check of a reference whose uri may take at most `limit` bytes."""

    limit: int

    def __call__(self, ref: UriDigest) -> UriDigest:
        """The reference as it is. Raises ValueError when its uri is too long."""
        if json_bytes(ref.uri) > self.limit:
            raise ValueError(f"the uri takes more than {self.limit} bytes; give a shorter path")
        return ref
