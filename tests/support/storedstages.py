"""Stages that leave real files, reports and markers in a local store, for tests of what reads them."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_api.contracts.bytecount import compact_json
from sluice_api.contracts.envelope import Envelope, StoreSettings
from sluice_api.contracts.manifests import FileManifest, Marker
from sluice_api.contracts.requests import PrepareRequest
from sluice_api.hashing import digest_of_bytes
from sluice_api.identity import fingerprint
from sluice_api.layout import stage_key
from sluice_store import markers
from sluice_store.base import ObjectStore
from sluice_store.files import upload_folder
from sluice_store.open import open_store
from support.quickstart import Stages
from support.simcluster import Answer

SOURCE = "rows.jsonl"


def put_folder(store: ObjectStore, folder: str, text: str, details: dict[str, Any]) -> FileManifest:
    with tempfile.TemporaryDirectory() as local:
        (Path(local) / "data.txt").write_text(text)
        return upload_folder(store, Path(local), folder, details)


@dataclass
class StoredStages(Stages):
    """As `Stages`, with digests of what is really there."""

    root: str = ""

    def __call__(self, envelope: Envelope) -> Answer:
        answer = super().__call__(envelope)
        folder = f"{envelope.stage}/{envelope.request_hash}/x"
        report = compact_json({"request": envelope.request})
        self.store.write(f"{folder}/report.json", report)
        marker = Marker(
            folder=folder,
            manifest_digest="sha256:" + "0" * 64,
            report_digest=digest_of_bytes(report),
            created_at="2026-01-01T00:00:00Z",
        )
        markers.publish(self.store, stage_key(envelope.stage, envelope.request_hash), marker)
        return answer

    @property
    def store(self) -> ObjectStore:
        return open_store(StoreSettings(root=self.root))

    def _place(self, envelope: Envelope) -> dict[str, str]:
        folder = f"{envelope.stage}/{envelope.request_hash}/x"
        details: dict[str, Any] = {}
        if envelope.stage == "pack":
            digest = f"sha256:{self.store.sha256(SOURCE)}"
            details = {"sources": [{"name": "rows", "locator": f"{self.root}/{SOURCE}", "digest": digest}]}
        manifest = put_folder(self.store, folder, envelope.request_hash, details)
        return {"uri": folder, "digest": manifest.digest}

    def _prepare(self, envelope: Envelope) -> dict[str, Any]:
        request = PrepareRequest.parse(envelope.request)
        base = put_folder(self.store, "models/base", "base", {}).digest
        return {
            "fingerprint": fingerprint(request, base),
            "base": {"uri": "models/base", "digest": base},
            "dataset": request.dataset.dump(),
            "tokens": self._place(envelope),
            "totalSteps": 60,
        }

    def _package(self, envelope: Envelope) -> dict[str, Any]:
        artifact = super()._package(envelope)["artifact"]
        return {"artifact": artifact | self._place(envelope)}
