"""`https:` sources reach public addresses and allowed hosts only, and tell nothing else about the network."""

import errno
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn

import pytest

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import DependencyUnavailable, InputWrong, StageError
from sluice_trainer.data.sources import egress, fetch_source
from sluice_trainer.data.sources import https as https_source
from sluice_trainer.data.sources.access import Access

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "198.18.0.1", "192.0.2.1"),
        *("168.63.129.16", "100.100.100.200", "192.88.99.1"),
        *("::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::", "2002:0a00:1::"),
        *("64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "2001::1", "100::1"),
    ],
)
def test_an_address_that_is_not_public_is_known_in_every_form(address: str) -> None:
    assert not egress.is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert egress.is_public(ip_address(address))


def _refused(locator: str, tmp_path: Path, *hosts: str) -> StageError:
    source = Source.parse({"name": "rows", "locator": locator, "mapper": "ChatMessages", "sha256": "0" * 64})
    with pytest.raises(StageError) as caught:
        fetch_source(source, tmp_path / "out" / "rows", Access(_no_store, tmp_path, frozenset(hosts)))
    return caught.value


def _no_store(uri: str) -> NoReturn:
    raise AssertionError(uri)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https_source, "WAITS_S", (0.0, 0.0))
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Something in the cluster that waits for connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "LOCALHOST", "0"]
)
def test_no_spelling_of_a_host_reaches_loopback(tmp_path: Path, listener: socket.socket, host: str) -> None:
    error = _refused(f"https://{host}:{listener.getsockname()[1]}/rows", tmp_path)
    assert (type(error), error.reason) == (InputWrong, reasons.LOCATOR_NOT_ALLOWED)
    assert "httpsHosts" in error.message
    with pytest.raises(BlockingIOError):
        listener.accept()


class _Names:
    """A name server whose answers change."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    def resolve(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host != "rows.example.test":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in answer.split()]


def test_the_connection_goes_to_the_address_that_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, reached = _Names(PUBLIC, "127.0.0.1"), []

    def connect(address: tuple[str, int], *_: Any) -> NoReturn:
        reached.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", names.resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    error = _refused("https://rows.example.test/rows", tmp_path)
    assert error.reason == reasons.LOCATOR_NOT_ALLOWED
    assert (reached, names.asked) == ([PUBLIC], 2)


def test_one_private_address_among_public_ones_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _Names(f"{PUBLIC} 10.0.0.1").resolve)
    assert _refused("https://rows.example.test/rows", tmp_path).reason == reasons.LOCATOR_NOT_ALLOWED


def test_all_failures_of_the_network_are_told_alike(tmp_path: Path, listener: socket.socket) -> None:
    """Nothing listens, no such name, no such port: whoever writes packs cannot tell them apart."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    listener.close()
    hosts = (f"localhost:{port}", "nothing.invalid", "localhost:99999", f"{'a' * 70}.invalid")
    errors = [_refused(f"https://{h}/rows", tmp_path, "localhost") for h in hosts]
    assert {type(e) for e in errors} == {DependencyUnavailable}
    told = {e.message.replace(f"https://{h}/rows", "") for e, h in zip(errors, hosts, strict=True)}
    assert told == {f"source rows:  {https_source.UNREACHABLE}"}


def test_a_full_disk_is_no_failure_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(https_source, "_download", full)
    source = Source.parse(
        {"name": "rows", "locator": "https://a.example/rows", "mapper": "ChatMessages", "sha256": "0" * 64}
    )
    with pytest.raises(OSError, match="No space left"):
        fetch_source(source, tmp_path / "out" / "rows", Access(_no_store, tmp_path))


def test_a_proxy_reaches_no_private_address_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert _refused("https://169.254.169.254/rows", tmp_path).reason == reasons.LOCATOR_NOT_ALLOWED
    error = _refused("https://only-the-proxy-knows.invalid/rows", tmp_path)
    assert error.reason == reasons.DEPENDENCY_UNAVAILABLE
