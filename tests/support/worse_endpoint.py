"""Makes an engine worse and touches nothing that Kubernetes knows: who connects anew gets other answers."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice_localcluster.probe import wait_until

PORT = 18_999
_SERVER = Path(__file__).with_name("worse_server.py")
# Only a connection's first packet is looked at: connections that were open before stay with the engine.
_RULES = """
table ip worse {{
  chain new {{
    type nat hook prerouting priority dstnat;
    tcp dport {engine} tcp flags & (syn | ack) == syn redirect to :{own}
  }}
}}
"""


@contextmanager
def worsened(pid: int, engine_port: int) -> Iterator[None]:
    """The engine whose network the process is in answers nonsense to whoever connects from now on."""
    inside = ("nsenter", "--target", str(pid), "--net", "--")
    server = subprocess.Popen([*inside, sys.executable, str(_SERVER), str(engine_port), str(PORT)])
    try:
        wait_until("the worse endpoint", lambda: _listens(inside), 30)
        rules = _RULES.format(engine=engine_port, own=PORT)
        subprocess.run([*inside, "nft", "-f", "-"], input=rules, text=True, check=True)
        yield
    finally:
        server.kill()
        server.wait()


def _listens(inside: tuple[str, ...]) -> bool:
    said = subprocess.run([*inside, "ss", "-Htln"], capture_output=True, text=True, check=True).stdout
    return f":{PORT} " in said
