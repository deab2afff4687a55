"""A real store of each kind: a local folder, and an S3 server of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice_api.contracts.envelope import StoreSettings
from sluice_localcluster import S3Server
from sluice_store import s3


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        server.create_bucket("sluice")
        yield server


@pytest.fixture(params=["local", "s3"])
def store_settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StoreSettings:
    """Settings of an empty root."""
    if request.param == "local":
        return StoreSettings(root=(tmp_path / "store").as_uri())
    server = request.getfixturevalue("s3_server")
    s3.client.cache_clear()
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    return StoreSettings(root=f"s3://sluice/{tmp_path.name}", endpoint=server.endpoint, region=server.region)
