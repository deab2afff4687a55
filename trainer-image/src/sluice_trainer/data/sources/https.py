"""`https://host/path`: a plain download, proven by the sha256 that the source must give.

Redirects stay on the host, sizes and times are bounded, and only what may pass by itself is tried again.
All that may go wrong on the network is told in one sentence: whoever writes packs shall not learn which hosts
and ports are there.
"""

import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import DependencyUnavailable, InputWrong
from sluice_trainer.data.sources.access import Access
from sluice_trainer.data.sources.egress import NotPublic, PublicOnly
from sluice_trainer.exhaustion import disk_ran_out

MAX_BYTES: Final = 16 * 1024**3
TIMEOUT_S: Final = 30.0
"""Longest silence of the server."""
WAITS_S: Final = (1.0, 4.0)
"""Waits between tries. Then the operator's backoff takes over."""
UNREACHABLE: Final = (
    "could not be read: the name, the way, the port, the certificate or the answer is at fault; open it from "
    "a Pod of this namespace to see which"
)
"""The same sentence for everything that the network may answer."""
_CHUNK: Final = 1024 * 1024
_TROUBLE: Final = (OSError, HTTPException, ValueError, OverflowError)
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to the same host: a public server must not lead to a private one."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The next request, or a refusal."""
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            raise InputWrong(
                reasons.SOURCE_NOT_FOUND,
                f"{req.full_url} redirects to {new.scheme}://{new.netloc}; give the final address",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch_https(source: Source, destination: Path, access: Access) -> None:
    """Download the file, with a few tries where the server or the way may recover."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    opener = urllib.request.build_opener(_SameHost, PublicOnly(access.https_hosts))
    for wait_s in (*WAITS_S, None):
        try:
            _download(opener, source, destination)
        except NotPublic as error:
            raise _not_public(source) from error
        except urllib.error.HTTPError as error:
            if error.code not in _PASSING:
                raise _refused(source, error.code) from error
            trouble = f"answered HTTP {error.code}"
        except _TROUBLE as error:
            if disk_ran_out(error) is not None:
                raise
            trouble = UNREACHABLE
        else:
            return
        if wait_s is not None:
            time.sleep(wait_s)
    raise DependencyUnavailable(
        reasons.DEPENDENCY_UNAVAILABLE, f"source {source.name}: {source.locator} {trouble}"
    )


def _download(opener: urllib.request.OpenerDirector, source: Source, destination: Path) -> None:
    with opener.open(source.locator, timeout=TIMEOUT_S) as response, destination.open("wb") as file:
        size = 0
        while chunk := response.read(_CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise _too_large(source)
            file.write(chunk)
        announced = response.headers.get("Content-Length")
        if announced is not None and int(announced) != size:
            raise HTTPException(f"{size} of {announced} bytes arrived")


def _not_public(source: Source) -> InputWrong:
    host = urlsplit(source.locator).hostname
    return InputWrong(
        reasons.LOCATOR_NOT_ALLOWED,
        f"source {source.name}: {host} has an address that is not public; use s3:// or a public host, or ask "
        "the administrator to name the host in httpsHosts of the storage profile",
    )


def _too_large(source: Source) -> InputWrong:
    return InputWrong(
        reasons.SOURCE_TOO_LARGE,
        f"source {source.name}: {source.locator} is larger than {MAX_BYTES} bytes",
    )


def _refused(source: Source, status: int) -> InputWrong:
    return InputWrong(
        reasons.SOURCE_NOT_FOUND,
        f"source {source.name}: {source.locator} answered HTTP {status}; correct the address, "
        "or put the file where it can be read without a login",
    )
