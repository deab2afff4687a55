"""Sources bring bytes, or say what is missing and what to do."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.contracts.envelope import StoreSettings
from sluice_api.datasetpack import Source
from sluice_api.errors import DependencyUnavailable, InputWrong, StageError
from sluice_localcluster.pki import Authority, CertificateRequest
from sluice_store.local import LocalStore
from sluice_store.open import open_for
from sluice_trainer.data.sources import fetch_source
from sluice_trainer.data.sources import https as https_source
from sluice_trainer.data.sources.access import Access
from support.local_http import serving

DATA = b'{"text": "a"}\n'
SHA = hashlib.sha256(DATA).hexdigest()
BUCKET = "s3://bucket/team"


def _source(locator: str, **more: Any) -> Source:
    return Source.parse({"name": "rows", "locator": locator, "mapper": "ChatMessages", **more})


@pytest.fixture
def access(tmp_path: Path) -> Access:
    """A bucket and a ConfigMap in local folders; only what lies below BUCKET may be read."""
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "rows.jsonl").write_bytes(DATA)
    (tmp_path / "bucket" / "empty.jsonl").write_bytes(b"")
    (tmp_path / "configmaps" / "few").mkdir(parents=True)
    (tmp_path / "configmaps" / "few" / "rows.jsonl").write_bytes(DATA)

    def open_uri(uri: str) -> tuple[LocalStore, str]:
        if not uri.startswith(f"{BUCKET}/"):
            open_for(uri, StoreSettings(root=BUCKET))
        return LocalStore(tmp_path / "bucket"), uri.removeprefix(f"{BUCKET}/")

    return Access(open_uri, tmp_path / "configmaps", frozenset({"localhost"}))


def _refused(source: Source, tmp_path: Path, access: Access) -> StageError:
    with pytest.raises(StageError) as caught:
        fetch_source(source, tmp_path / "out" / "rows", access)
    return caught.value


@pytest.mark.parametrize("locator", [f"{BUCKET}/rows.jsonl", "configmap:few/rows.jsonl"])
def test_bytes_arrive_with_their_sha256(tmp_path: Path, access: Access, locator: str) -> None:
    fetched = fetch_source(_source(locator, sha256=SHA), tmp_path / "out" / "rows", access)
    assert fetched.path.read_bytes() == DATA
    assert fetched.sha256 == SHA


def test_D05_a_missing_object_names_its_locator_and_a_hint(tmp_path: Path, access: Access) -> None:
    error = _refused(_source(f"{BUCKET}/gone.jsonl"), tmp_path, access)
    assert (type(error), error.reason) == (InputWrong, reasons.SOURCE_NOT_FOUND)
    assert f"{BUCKET}/gone.jsonl" in error.message
    assert "upload the file" in error.message


@pytest.mark.parametrize(
    "locator", ["configmap:few/gone.jsonl", "configmap:none/rows.jsonl", "configmap:few/.."]
)
def test_D05_a_missing_config_map_key_is_waited_for(tmp_path: Path, access: Access, locator: str) -> None:
    error = _refused(_source(locator), tmp_path, access)
    assert (type(error), error.reason) == (DependencyUnavailable, reasons.DEPENDENCY_UNAVAILABLE)
    assert "create it" in error.message


def test_a_locator_outside_the_prefixes_is_refused(tmp_path: Path, access: Access) -> None:
    error = _refused(_source("s3://bucket/other/rows.jsonl"), tmp_path, access)
    assert error.reason == reasons.LOCATOR_NOT_ALLOWED


def test_a_locator_cannot_climb_out(tmp_path: Path, access: Access) -> None:
    error = _refused(_source(f"{BUCKET}/../other/rows.jsonl"), tmp_path, access)
    assert error.reason == reasons.URI_MALFORMED


def test_a_wrong_sha256_is_refused_and_both_are_named(tmp_path: Path, access: Access) -> None:
    error = _refused(_source(f"{BUCKET}/rows.jsonl", sha256="0" * 64), tmp_path, access)
    assert error.reason == reasons.SOURCE_DIGEST_MISMATCH
    assert SHA in error.message
    assert "0" * 64 in error.message


def test_an_empty_file_is_refused(tmp_path: Path, access: Access) -> None:
    assert _refused(_source(f"{BUCKET}/empty.jsonl"), tmp_path, access).reason == reasons.SOURCE_EMPTY


class _Answers(BaseHTTPRequestHandler):
    """Answers by path; /flaky fails once."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        first = self.asked.count(self.path) == 1
        status = {"/gone": 404, "/secret": 403, "/down": 503, "/flaky": 503 if first else 200}
        code = 302 if self.path.startswith("/to?") else status.get(self.path, 200)
        self.send_response(code)
        if code == 302:
            self.send_header("Location", self.path.partition("?")[2])
        body = DATA if code == 200 else b""
        self.send_header("Content-Length", str(len(body) + (self.path == "/short")))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Nothing to say."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An https server on loopback, and the certificate of its authority."""
    authority = Authority(tmp_path_factory.mktemp("pki"))
    certificate, key = authority.issue("server", CertificateRequest("localhost", dns_names=("localhost",)))
    with serving(_Answers, certificate, key) as port:
        yield f"https://localhost:{port}", authority.certificate


@pytest.fixture
def site(server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of the server, which the process trusts; no proxy, no waiting."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server[1]))
    monkeypatch.setenv("no_proxy", "localhost")
    monkeypatch.setattr(https_source, "WAITS_S", (0.0, 0.0))
    _Answers.asked.clear()
    return server[0]


@pytest.mark.parametrize("path", ["/rows.jsonl", "/flaky", "/to?/rows.jsonl"])
def test_https_downloads_after_a_passing_fault_or_a_redirect_on_the_host(
    tmp_path: Path, access: Access, site: str, path: str
) -> None:
    fetched = fetch_source(_source(f"{site}{path}", sha256=SHA), tmp_path / "out" / "rows", access)
    assert fetched.path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("/gone", InputWrong, reasons.SOURCE_NOT_FOUND),
        ("/secret", InputWrong, reasons.SOURCE_NOT_FOUND),
        ("/down", DependencyUnavailable, reasons.DEPENDENCY_UNAVAILABLE),
        ("/short", DependencyUnavailable, reasons.DEPENDENCY_UNAVAILABLE),
        ("/to?https://127.0.0.1/private", InputWrong, reasons.SOURCE_NOT_FOUND),
        ("/to?http://localhost/plain", InputWrong, reasons.SOURCE_NOT_FOUND),
    ],
)
def test_https_tells_what_waiting_mends_from_what_it_does_not(
    tmp_path: Path, access: Access, site: str, path: str, kind: type[StageError], reason: reasons.Reason
) -> None:
    error = _refused(_source(f"{site}{path}", sha256=SHA), tmp_path, access)
    assert (type(error), error.reason) == (kind, reason)
    assert _Answers.asked.count(path) == (3 if kind is DependencyUnavailable else 1)


def test_https_stops_at_the_size_limit(
    tmp_path: Path, access: Access, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https_source, "MAX_BYTES", 3)
    error = _refused(_source(f"{site}/rows.jsonl", sha256=SHA), tmp_path, access)
    assert (type(error), error.reason) == (InputWrong, reasons.SOURCE_TOO_LARGE)


def test_https_needs_a_trusted_certificate(tmp_path: Path, access: Access, site: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE")
        error = _refused(_source(f"{site}/rows.jsonl", sha256=SHA), tmp_path, access)
    assert error.reason == reasons.DEPENDENCY_UNAVAILABLE
    assert error.message.endswith(https_source.UNREACHABLE)
