"""What S3 may do to us: each fault ends in the right bytes, or in the right reason."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_api.errors import DependencyUnavailable
from sluice_localcluster import S3Server
from sluice_store import s3
from sluice_store.files import fetch_folder, upload_folder
from sluice_store.s3 import S3Store
from support.s3_faults import Fault, FaultProxy, Kind, faulty

LARGE = 20 * 1024 * 1024
"""Two parts."""


def never(seconds: float) -> None:
    pytest.fail(f"waited {seconds} s for what waiting cannot mend")


@pytest.fixture
def credentials(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in s3_server.env.items():
        monkeypatch.setenv(name, value)
    s3.client.cache_clear()
    yield
    s3.client.cache_clear()


@pytest.fixture
def proxy(s3_server: S3Server, credentials: None) -> Iterator[FaultProxy]:
    with faulty(s3_server.endpoint) as running:
        yield running


@pytest.fixture
def store(proxy: FaultProxy, tmp_path: Path) -> S3Store:
    client = s3.client(proxy.endpoint, S3Server.region)
    return S3Store(client, "sluice", tmp_path.name, waits_s=(0, 0, 0), sleep=lambda _: None)


@pytest.mark.parametrize("kind", ["SlowDown", "reset", "reply lost"])
def test_F27_small_writes_and_reads_survive(store: S3Store, proxy: FaultProxy, kind: Kind) -> None:
    put = proxy.add(Fault(kind, "PUT", "a.json", times=5))
    store.write("a.json", b"x")
    get = proxy.add(Fault(kind, "GET", "a.json", times=5))
    assert store.read("a.json") == b"x"
    assert (put.seen, get.seen) == (5, 5)


def test_F28_create_whose_reply_was_lost_knows_that_it_won(store: S3Store, proxy: FaultProxy) -> None:
    fault = proxy.add(Fault("reply lost", "PUT", "done-0.json"))
    assert store.create("done-0.json", b"ours")
    assert fault.seen == 1
    proxy.add(Fault("reply lost", "PUT", "done-0.json"))
    assert not store.create("done-0.json", b"theirs")
    assert store.read("done-0.json") == b"ours"


@pytest.mark.parametrize(
    ("kind", "method", "path_has"),
    [
        ("reset", "PUT", "partNumber=2"),
        ("SlowDown", "PUT", "partNumber=1"),
        ("reply lost", "PUT", "partNumber=1"),
        ("ErrorIn200", "POST", "uploadId="),
        ("reply lost", "POST", "uploadId="),
        ("torn body", "GET", "w.bin"),
        ("reset", "GET", "w.bin"),
    ],
)
def test_F26_large_files_arrive_whole(
    store: S3Store, proxy: FaultProxy, tmp_path: Path, kind: Kind, method: str, path_has: str
) -> None:
    (tmp_path / "w.bin").write_bytes(os.urandom(LARGE))
    fault = proxy.add(Fault(kind, method, path_has))
    store.upload(tmp_path / "w.bin", "w.bin")
    store.download("w.bin", tmp_path / "back.bin")
    assert fault.seen == 1
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "w.bin").read_bytes()


def test_F29_a_byte_that_flips_on_the_way_is_no_damage_in_the_store(
    store: S3Store, proxy: FaultProxy, tmp_path: Path
) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "w.bin").write_bytes(os.urandom(LARGE))
    manifest = upload_folder(store, tmp_path / "local", "f", {})
    fault = proxy.add(Fault("flipped byte", "GET", "w.bin"))
    fetch_folder(store, "f", manifest.digest, tmp_path / "back")
    assert fault.seen == 1
    assert (tmp_path / "back" / "w.bin").read_bytes() == (tmp_path / "local" / "w.bin").read_bytes()


def test_F27_an_outage_is_told_after_bounded_patience(credentials: None) -> None:
    waits: list[float] = []
    nobody = s3.client("http://127.0.0.1:9", S3Server.region)
    store = S3Store(nobody, "sluice", "x", waits_s=(0.5, 1.0), sleep=waits.append)
    with pytest.raises(DependencyUnavailable) as caught:
        store.read("a")
    assert caught.value.reason is reasons.STORAGE_UNAVAILABLE
    assert waits == [0.5, 1.0]


def test_F30_expired_credentials_are_told_at_once(store: S3Store, proxy: FaultProxy) -> None:
    fault = proxy.add(Fault("ExpiredToken", "PUT", times=99))
    with pytest.raises(DependencyUnavailable) as caught:
        store.write("a", b"x")
    assert caught.value.reason is reasons.STORAGE_ACCESS_DENIED
    assert fault.seen == 1


def test_F31_access_denied_is_told_at_once(
    s3_server: S3Server, credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    s3_server.add_account("nobody", "nobody-secret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody-secret")
    (tmp_path / "f").write_bytes(b"x")
    store = S3Store(s3.client(s3_server.endpoint, s3_server.region), "sluice", "x", sleep=never)
    calls = (
        lambda: store.write("a", b"x"),
        lambda: store.create("a", b"x"),
        lambda: store.upload(tmp_path / "f", "a"),
        lambda: list(store.list("")),
    )
    for call in calls:
        with pytest.raises(DependencyUnavailable) as caught:
            call()
        assert caught.value.reason is reasons.STORAGE_ACCESS_DENIED


def test_F31_a_missing_bucket_is_told_at_once(s3_server: S3Server, credentials: None) -> None:
    store = S3Store(s3.client(s3_server.endpoint, s3_server.region), "absent", "x", sleep=never)
    with pytest.raises(DependencyUnavailable, match="NoSuchBucket") as caught:
        store.write("a", b"x")
    assert caught.value.reason is reasons.STORAGE_UNAVAILABLE
