"""The part of the chain that lives in the store: evidence, artifact, weights, tokens, pack, sources.

Every file is hashed again where it lies. Requests are read from the reports beside the files, whose digests
stand in markers that are put once.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import ValidationError

from sluice_api.base import ApiModel
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import StoreSettings
from sluice_api.contracts.manifests import REPORT_NAME, FileManifest
from sluice_api.contracts.requests import PackageRequest, TrainRequest
from sluice_api.errors import InputWrong
from sluice_api.hashing import digest_of_bytes
from sluice_api.layout import stage_key
from sluice_api.records import RevisionRecord
from sluice_plugin.lineage.link import Link, link
from sluice_store import markers
from sluice_store.files import verify_folder
from sluice_store.open import open_for, open_store

Request = TypeVar("Request", bound=ApiModel)


class StoreLinks:
    """Proves what a revision came from."""

    def __init__(self, settings: StoreSettings, recorded: Mapping[str, str]) -> None:
        self._settings = settings
        self._recorded = recorded
        """Digests of reports by folder, as far as the cluster's records still tell them."""
        self._store = open_store(settings)

    def chain(self, record: RevisionRecord) -> Iterator[Link]:
        """Links from the evidence back to the sources; ends where a report is missing."""
        evidence = record.sealed_verdict.evidence
        if evidence is None:
            yield link("evidence", "none", "the verdict cites no evidence", "")
        else:
            yield self._folder("evidence", evidence)[0]
        artifact = record.artifact
        yield self._folder("artifact", UriDigest(uri=artifact.uri, digest=artifact.digest))[0]
        told, packaged = self._report("package", artifact.uri, PackageRequest)
        yield told
        if packaged is not None:
            yield from self._inputs(packaged)

    def _inputs(self, packaged: PackageRequest) -> Iterator[Link]:
        yield self._folder("weights", packaged.weights)[0]
        told, trained = self._report("train", packaged.weights.uri, TrainRequest)
        yield told
        if trained is not None:
            yield self._folder("tokens", trained.tokens)[0]
        yield self._folder("base model", packaged.base)[0]
        told, pack = self._folder("pack", packaged.dataset)
        yield told
        for source in pack.details.get("sources", ()) if pack else ():
            yield self._source(*(str(source.get(key, "")) for key in ("name", "locator", "digest")))

    def _folder(self, name: str, where: UriDigest) -> tuple[Link, FileManifest | None]:
        """Hash a folder's files anew."""
        try:
            store, folder = open_for(where.uri, self._settings)
            manifest = verify_folder(store, folder, where.digest)
        except InputWrong as error:
            return link(name, where.uri, error.message, ""), None
        size = f"{len(manifest.files)} files, {manifest.size_bytes / 1e6:.1f} MB"
        return link(name, where.uri, "", f"{where.digest}, {size}"), manifest

    def _report(self, stage: str, folder: str, model: type[Request]) -> tuple[Link, Request | None]:
        """The request that a folder was made for, if its report is the one that the marker names."""
        name, key = f"{stage} report", f"{folder}/{REPORT_NAME}"
        try:
            data = self._store.read(key)
            found = markers.find(
                self._store, stage_key(stage, folder.split("/")[1]), lambda marker: marker.folder == folder
            )
            request = model.parse_stored(json.loads(data)["request"])
        except (FileNotFoundError, IndexError):
            return link(name, key, "it is missing", ""), None
        except (ValueError, KeyError, TypeError, ValidationError, InputWrong) as error:
            return link(name, key, f"it cannot be read: {error}", ""), None
        digest = digest_of_bytes(data)
        marker = found.marker.report_digest if found else None
        record = self._recorded.get(folder, digest)
        wrong = [w for w, d in (("marker", marker), ("run's record", record)) if d != digest]
        problem = f"its digest is {digest}, the {' and the '.join(wrong)} said another" if wrong else ""
        return link(name, key, problem, digest), request

    def _source(self, name: str, locator: str, digest: str) -> Link:
        """A source may have changed since: the pack holds what was read."""
        subject = f"{name} {locator}"
        if "://" not in locator or locator.startswith("https:"):
            return Link("source", subject, "note", f"{digest} when it was read; not read again from here")
        try:
            store, key = open_for(locator, self._settings)
            found = f"sha256:{store.sha256(key)}"
        except (FileNotFoundError, InputWrong) as error:
            return Link("source", subject, "note", f"{digest} when it was read; now: {error}")
        if found != digest:
            return Link("source", subject, "note", f"{digest} when it was read; another file since: {found}")
        return link("source", subject, "", digest)
