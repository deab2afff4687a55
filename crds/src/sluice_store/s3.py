"""A store below one prefix of an S3 bucket.

Conditional writes, SHA-256 checksums, bounded waiting. Credentials come from the environment or the
workload's identity; they never pass through here.
"""

import atexit
import hashlib
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from sluice_api import reasons
from sluice_api.errors import DependencyUnavailable, StageError
from sluice_store.base import checked_key

T = TypeVar("T")

_CHUNK_BYTES = 16 * 1024 * 1024
_TRANSFER = TransferConfig(
    multipart_threshold=_CHUNK_BYTES, multipart_chunksize=_CHUNK_BYTES, max_concurrency=8
)
_CHECKED = {"ChecksumAlgorithm": "SHA256"}
OUTER_WAITS_S = (1.0, 4.0, 10.0)
"""Waits between rounds, each of three tries by botocore. Then the operator's backoff takes over."""

_MISSING = {"404", "NoSuchKey", "NotFound"}
_BEYOND = {"416", "InvalidRange"}
_TAKEN = {"412", "PreconditionFailed"}
_DENIED = {
    "403",
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}
_HOPELESS = {"NoSuchBucket", "PermanentRedirect", "AuthorizationHeaderMalformed", "InvalidBucketName"}


@lru_cache(maxsize=8)
def client(endpoint: str | None, region: str | None, ca_pem: str | None = None) -> Any:
    """The S3 client of an endpoint; safe to share between threads.

    Raises DependencyUnavailable when the workload's identity gives no credentials.
    """
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=64,
        s3={"addressing_style": "path"} if endpoint else {},
        request_checksum_calculation="when_supported",
        # Readers prove what they read by its manifest, and must be told the difference between a store that
        # is away and one whose bytes were changed; botocore's own check would make both the same error.
        response_checksum_validation="when_required",
    )
    trusted = _authority_file(ca_pem) if ca_pem else None
    try:
        return boto3.session.Session().client(
            "s3", endpoint_url=endpoint, region_name=region, config=config, verify=trusted
        )
    except BotoCoreError as error:
        raise DependencyUnavailable(reasons.STORAGE_ACCESS_DENIED, f"no credentials: {error}") from error


def _authority_file(ca_pem: str) -> str:
    """A file with the authority, which is all that botocore takes; it lives as long as the process."""
    with tempfile.NamedTemporaryFile("w", prefix="sluice-ca-", suffix=".pem", delete=False) as file:
        file.write(ca_pem)
    atexit.register(Path(file.name).unlink, missing_ok=True)
    return file.name


class S3Store:
    """Objects below `s3://bucket/prefix`."""

    def __init__(
        self,
        s3: Any,
        bucket: str,
        prefix: str,
        waits_s: tuple[float, ...] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._waits_s = OUTER_WAITS_S if waits_s is None else waits_s
        self._sleep = sleep

    def read(self, key: str) -> bytes:
        """Bytes of a small object."""
        return self._try(key, lambda: bytes(self._get(key).read()))

    def read_part(self, key: str, start: int, length: int) -> bytes:
        """Bytes of a part of an object."""
        if length < 1:
            return b""
        part = f"bytes={start}-{start + length - 1}"

        def get() -> bytes:
            try:
                return bytes(self._get(key, Range=part).read())
            except ClientError as error:
                if _code(error) not in _BEYOND:
                    raise
                return b""

        return self._try(key, get)

    def write(self, key: str, data: bytes) -> None:
        """Put a small object, replacing what is there."""
        self._try(key, lambda: self._s3.put_object(**self._at(key), Body=data, **_CHECKED))

    def create(self, key: str, data: bytes) -> bool:
        """Put a small object only if the key is free."""

        def put() -> bool:
            try:
                self._s3.put_object(**self._at(key), Body=data, IfNoneMatch="*", **_CHECKED)
            except ClientError as error:
                if _code(error) not in _TAKEN:
                    raise
                return False
            return True

        return self._try(key, put) or self.read(key) == data

    def upload(self, path: Path, key: str) -> None:
        """Put a file of any size, in parts; each part carries its SHA-256."""
        at = self._at(key)
        self._try(
            key,
            lambda: self._s3.upload_file(
                str(path), at["Bucket"], at["Key"], ExtraArgs=_CHECKED, Config=_TRANSFER
            ),
        )

    def download(self, key: str, path: Path) -> None:
        """Fetch an object of any size, in parts, to a file which appears only when it is whole."""
        at = self._at(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".fetching-{uuid.uuid4().hex}")
        try:
            self._try(
                key,
                lambda: self._s3.download_file(at["Bucket"], at["Key"], str(temporary), Config=_TRANSFER),
            )
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def sha256(self, key: str) -> str:
        """Hash of an object's bytes as they are now, read as a stream."""

        def read_all() -> str:
            digest = hashlib.sha256()
            for chunk in self._get(key).iter_chunks(1024 * 1024):
                digest.update(chunk)
            return digest.hexdigest()

        return self._try(key, read_all)

    def list(self, prefix: str) -> Iterator[str]:
        """Keys below a folder, in order; an empty prefix lists all."""
        below = f"{self._prefix}{checked_key(prefix)}/" if prefix else self._prefix
        token: dict[str, str] = {}
        while True:
            page = self._try(prefix, lambda token=token: self._page(below, token))  # type: ignore[misc]
            yield from (str(o["Key"]).removeprefix(self._prefix) for o in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def etag(self, key: str) -> str | None:
        """A tag that changes with the object; None when there is none."""
        try:
            return str(self._try(key, lambda: self._s3.head_object(**self._at(key)))["ETag"])
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is fine."""
        self._try(key, lambda: self._s3.delete_object(**self._at(key)))

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{checked_key(key)}"}

    def _get(self, key: str, **how: str) -> Any:
        return self._s3.get_object(**self._at(key), **how)["Body"]

    def _page(self, below: str, token: dict[str, str]) -> Any:
        return self._s3.list_objects_v2(Bucket=self._bucket, Prefix=below, **token)

    def _try(self, key: str, call: Callable[[], T]) -> T:
        """Call with bounded patience; every other way out is FileNotFoundError or DependencyUnavailable."""
        for wait_s in (*self._waits_s, None):
            try:
                return call()
            except (BotoCoreError, ClientError, Boto3Error) as error:
                trouble = self._trouble(key, error)
                if wait_s is None or trouble is not None:
                    raise (trouble or self._unavailable(key, error)) from error
                self._sleep(wait_s)
        raise AssertionError("the last round returns or raises")

    def _trouble(self, key: str, error: Exception) -> FileNotFoundError | StageError | None:
        """What waiting cannot mend, or None."""
        where = f"s3://{self._bucket}/{self._prefix}{key}"
        code = _code(error)
        if code in _MISSING:
            return FileNotFoundError(where)
        if code in _DENIED or isinstance(error, NoCredentialsError | PartialCredentialsError):
            return DependencyUnavailable(reasons.STORAGE_ACCESS_DENIED, f"{where}: {error}")
        return self._unavailable(key, error) if code in _HOPELESS else None

    def _unavailable(self, key: str, error: Exception) -> DependencyUnavailable:
        where = f"s3://{self._bucket}/{self._prefix}{key}"
        return DependencyUnavailable(reasons.STORAGE_UNAVAILABLE, f"{where}: {error}")


def _code(error: Exception) -> str:
    """S3's error code; transfers wrap the client's error once."""
    for candidate in (error, error.__cause__, error.__context__):
        if isinstance(candidate, ClientError):
            return str(candidate.response.get("Error", {}).get("Code", ""))
    return ""
