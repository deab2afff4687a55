"""Progress: an atomic file, and posts that never cost training a second."""

import ipaddress
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sluice_trainer.report.progress import FileSender, HttpSender, Progress
from sluice_trainer.report.steplog import StepLog, StepRecord, parse_line
from support.clock import FakeClock
from support.local_http import serving


def certificate(folder: Path) -> tuple[str, Path]:
    """A certificate for 127.0.0.1 that is its own authority: its PEM, and a file with key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "progress")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = built.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both = folder / "server.pem"
    both.write_bytes(private + pem)
    return pem.decode(), both


@contextmanager
def operator(both: Path, answer: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A stand-in for the operator's endpoint: its url and what was posted."""
    posts: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posts.append({"authorization": self.headers["Authorization"], "body": body})
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay silent."""

    with serving(Handler, both) as port:
        yield f"https://127.0.0.1:{port}/progress", posts


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("abc\n")
    return path


def test_posts_carry_the_token_and_the_newest_state_last(tmp_path: Path, token: Path) -> None:
    pem, both = certificate(tmp_path)
    with operator(both) as (url, posts):
        progress = Progress([HttpSender(url, pem, token, interval_s=0.2)], FakeClock())
        for step in range(1, 101):
            progress.report(step, 100, {"loss": 1 / step})
        progress.close()
    assert {post["authorization"] for post in posts} == {"Bearer abc"}
    assert 1 <= len(posts) <= 4
    status = posts[-1]["body"]["trainerStatus"]
    assert status["progressPercentage"] == 100
    assert {"name": "current_step", "value": "100"} in status["metrics"]


def test_a_server_with_another_certificate_gets_no_token(tmp_path: Path, token: Path) -> None:
    (tmp_path / "other").mkdir()
    pem, _ = certificate(tmp_path / "other")
    _, both = certificate(tmp_path)
    with operator(both) as (url, posts):
        progress = Progress([HttpSender(url, pem, token)], FakeClock())
        progress.report(1, 2, {})
        progress.close()
    assert posts == []


@pytest.mark.parametrize("answer", [200, 403, 500])
def test_whatever_the_operator_says_training_goes_on(tmp_path: Path, token: Path, answer: int) -> None:
    pem, both = certificate(tmp_path)
    with operator(both, answer) as (url, posts):
        progress = Progress([HttpSender(url, pem, token, interval_s=0)], FakeClock())
        progress.report(1, 2, {})
        progress.close()
    assert len(posts) == 1


LONGEST_SECONDS = 30
"""For a thousand reports on a busy machine; one that waited for an answer would alone take a second."""


@pytest.mark.parametrize("ca_pem", ["not a certificate", ""])
def test_an_operator_that_is_gone_costs_nothing(token: Path, ca_pem: str) -> None:
    sender = HttpSender("https://127.0.0.1:9/progress", ca_pem, token)
    before = time.monotonic()
    for step in range(1000):
        Progress([sender], FakeClock()).report(step, 1000, {})
    assert time.monotonic() - before < LONGEST_SECONDS
    sender.close()


def test_T17_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    progress = Progress([FileSender(path)], FakeClock())
    progress.report(0, 200, {"loss": 1.0})

    def write() -> None:
        for step in range(201):
            progress.report(step, 200, {"loss": 1.0})

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while writer.is_alive():
        seen.add(json.loads(path.read_text())["step"])
    writer.join()
    assert len(seen) > 2
    assert json.loads(path.read_text())["percent"] == 100
    assert [p.name for p in tmp_path.iterdir()] == ["progress.json"]


def test_T17_a_folder_that_is_gone_does_not_end_training(tmp_path: Path) -> None:
    Progress([FileSender(tmp_path / "missing" / "progress.json")], FakeClock()).report(1, 2, {})
    assert not (tmp_path / "missing").exists()


def test_T18_the_step_log_appends_and_every_line_parses(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "sub" / "steps.log")
    records = [StepRecord(n, 3, 1.0 / n, 0.5, 1e-4, 10, 100.0, 2048, 0.25) for n in (1, 2, 3)]
    lines = [log.write(record) for record in records]
    assert log.path.read_text().splitlines() == lines
    assert [parse_line(line) for line in lines] == [
        StepRecord(1, 3, 1.0, 0.5, 1e-4, 10, 100.0, 2048, 0.25),
        StepRecord(2, 3, 0.5, 0.5, 1e-4, 10, 100.0, 2048, 0.25),
        StepRecord(3, 3, 0.333333, 0.5, 1e-4, 10, 100.0, 2048, 0.25),
    ]
