"""How a stage reaches its store: a private authority, and credentials that no Secret holds."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_api.contracts.envelope import StoreSettings
from sluice_api.errors import DependencyUnavailable
from sluice_localcluster import S3Server
from sluice_store import s3
from sluice_store.open import open_store
from support.local_http import serving


@pytest.fixture(autouse=True)
def no_client_is_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(s3, "OUTER_WAITS_S", (0.5,))
    s3.client.cache_clear()
    yield
    s3.client.cache_clear()


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3tls"), tls=True) as server:
        server.create_bucket("sluice")
        yield server


def settings_of(server: S3Server, ca_pem: str | None = None) -> StoreSettings:
    return StoreSettings(
        root="s3://sluice/team", endpoint=server.endpoint, region=server.region, ca_pem=ca_pem
    )


def test_a_private_authority_comes_with_the_profile(
    private: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in private.env.items():
        monkeypatch.setenv(name, value)
    assert private.endpoint.startswith("https://")
    trusting = open_store(settings_of(private, private.ca_pem))
    trusting.write("a.txt", b"x")
    assert trusting.read("a.txt") == b"x"
    with pytest.raises(DependencyUnavailable, match=r"(?i)certificate") as refused:
        open_store(settings_of(private)).read("a.txt")
    assert refused.value.reason == reasons.STORAGE_UNAVAILABLE


class _Agent(BaseHTTPRequestHandler):
    """What a cloud puts beside a Pod: credentials for whoever shows the Pod's own token."""

    keys: tuple[str, str] = ("", "")
    token = "token-of-the-service-account"

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == self.token
        access, secret = self.keys
        body = {
            "AccessKeyId": access,
            "SecretAccessKey": secret,
            "Token": "",
            "Expiration": "2100-01-01T00:00:00Z",
        }
        self.send_response(200 if known else 403)
        self.end_headers()
        self.wfile.write(json.dumps(body if known else {}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def agent(keys: tuple[str, str]) -> Iterator[str]:
    handler = type("Agent", (_Agent,), {"keys": keys})
    with serving(handler) as port:
        yield f"http://127.0.0.1:{port}/v1/credentials"


@pytest.mark.parametrize("shown", [_Agent.token, "token of somebody else"])
def test_a_service_account_is_enough(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shown: str
) -> None:
    """No key stands in the environment: the workload's identity is exchanged for one."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    token = tmp_path / "token"
    token.write_text(shown)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
    with agent((s3_server.access_key, s3_server.secret_key)) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        if shown == _Agent.token:
            store = open_store(settings_of(s3_server))
            store.write("b.txt", b"y")
            assert store.read("b.txt") == b"y"
        else:
            with pytest.raises(DependencyUnavailable) as refused:
                open_store(settings_of(s3_server))
            assert refused.value.reason == reasons.STORAGE_ACCESS_DENIED
