"""Files that stages leave in the store: file manifests, markers and damage notes."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from sluice_api.base import ApiModel, Digest, Hex64, StoredModel, Timestamp
from sluice_api.common import Uri
from sluice_api.hashing import digest_of

MANIFEST_NAME = "manifest.json"
REPORT_NAME = "report.json"

RelativePath = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=512,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*(/[A-Za-z0-9_][A-Za-z0-9_.\-]*)*$",
    ),
]


class FileEntry(ApiModel):
    """One file."""

    path: RelativePath
    """Path relative to the manifest's folder; it can never climb out."""
    sha256: Hex64
    size_bytes: Annotated[int, Field(ge=0)]


class FileManifest(StoredModel):
    """Files under one digest. `details` describes them and is part of the digest; no times, no reports."""

    files: Annotated[tuple[FileEntry, ...], Field(min_length=1)]
    details: dict[str, Any] = {}

    @property
    def digest(self) -> str:
        """sha256 of the canonical form, with files in order of their path."""
        ordered = sorted((f.dump() for f in self.files), key=lambda f: str(f["path"]))
        return digest_of({"files": ordered, "details": self.details})

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return sum(f.size_bytes for f in self.files)


class Marker(StoredModel):
    """`done-<mark>.json`: names a folder of finished work and its digests."""

    folder: Uri
    """Folder relative to the root."""
    manifest_digest: Digest
    """Digest of the canonical manifest in that folder."""
    report_digest: Digest | None = None
    """Digest of the bytes of report.json."""
    report: dict[str, Any] = {}
    """The report as it was sent, so that it can be sent again."""
    named_key: Annotated[str, StringConstraints(max_length=256)] | None = None
    """Where the work is found by content, such as `packs/<hex>`: mends a crash between two markers."""
    created_at: Timestamp


class DamageNote(StoredModel):
    """`damaged-<mark>.json`: voids a marker, after a reader found other bytes than the manifest says."""

    path: Annotated[str, StringConstraints(max_length=1024)]
    expected: Digest
    found: Digest | None = None
    """Absent: the object is gone."""
