"""The tests' own watches: a stream that is ended from another thread never yields encrypted bytes as text."""

import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sluice_operator import tls
from support.kubeapi import hang_up, whole_lines

LINES = b"line\n" * 100_000


def test_what_is_read_after_a_stream_was_ended_is_what_the_server_wrote(tmp_path: Path) -> None:
    bundle = tls.make(["localhost"], datetime.now(UTC))
    (tmp_path / "cert").write_bytes(bundle.certificate)
    (tmp_path / "key").write_bytes(bundle.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    client = ssl.create_default_context(cadata=bundle.authority.decode())
    near, far = socket.socketpair()
    serving = threading.Thread(target=_serve, args=(server, far))
    serving.start()
    with client.wrap_socket(near, server_hostname="localhost", suppress_ragged_eofs=True) as reader:
        assert reader.recv(5) == b"line\n"
        hang_up(reader)
        while some := reader.recv(1 << 16):
            assert set(some) <= set(b"line\n")
    serving.join()


def _serve(context: ssl.SSLContext, far: socket.socket) -> None:
    with suppress(OSError), context.wrap_socket(far, server_side=True) as writer:
        writer.sendall(LINES)


def test_a_line_that_was_cut_is_no_line() -> None:
    assert list(whole_lines(iter([b'{"a": 1}\n', b'{"a"']))) == [b'{"a": 1}\n']
