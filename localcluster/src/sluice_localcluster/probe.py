"""Waiting until something answers. Every wait has an end and says what it waits for."""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.progress import Heartbeat

_POLL_SECONDS = 0.1


def answers(url: str, good: tuple[int, ...] = (200,)) -> bool:
    """Whether `url` answers with one of the `good` codes.

    Certificates are not checked: this asks our own process whether it is up, and sends
    nothing that a stranger could use.
    """
    context = ssl._create_unverified_context()  # noqa: S323
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=2) as response:
            return response.status in good
    except urllib.error.HTTPError as error:
        return error.code in good
    except OSError:
        return False


def carry_on() -> None:
    """Nothing can end the wait early."""


def wait_until(
    what: str,
    ready: Callable[[], bool],
    seconds: float,
    check_alive: Callable[[], None] = carry_on,
) -> float:
    """Wait until `ready` and return the seconds; `check_alive` raises when waiting is pointless."""
    heartbeat = Heartbeat(f"waiting for {what}")
    while not ready():
        check_alive()
        if heartbeat.elapsed > seconds:
            raise LocalClusterError(f"{what} is not ready after {seconds:.0f} s")
        heartbeat.beat()
        time.sleep(_POLL_SECONDS)
    return heartbeat.elapsed
