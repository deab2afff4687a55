"""A real S3 server (versitygw) over a plain folder: buckets are folders, objects are files.

The test server and the node's server differ only in address. Signing requests is the
clients' business; a bucket is made by making its folder.
"""

import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sluice_localcluster import binaries
from sluice_localcluster.components import Component
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.paths import own_folder
from sluice_localcluster.pki import Authority, CertificateRequest
from sluice_localcluster.ports import PortLease
from sluice_localcluster.process import Processes
from sluice_localcluster.startup import start_and_wait

REGION = "us-east-1"
ROOT_ACCESS_KEY = "sluice-admin"


@dataclass(frozen=True)
class S3Settings:
    """Where the server listens and whom it knows at the start."""

    folder: Path
    binaries: Path
    secret_key: str
    address: str = "127.0.0.1"
    port: int = 7070
    certificate: Path | None = None
    key: Path | None = None

    @property
    def endpoint(self) -> str:
        """The server's address."""
        return f"{'https' if self.certificate else 'http'}://{self.address}:{self.port}"

    @property
    def data(self) -> Path:
        """The folder whose sub-folders are the buckets."""
        return self.folder / "s3"


def server(settings: S3Settings) -> Component:
    """Return the server; its root credentials travel in the environment, not in `ps`."""
    tls = (f"--cert={settings.certificate}", f"--key={settings.key}") if settings.certificate else ()
    argv = (
        str(settings.binaries / "versitygw"),
        *tls,
        f"--port={settings.address}:{settings.port}",
        f"--region={REGION}",
        f"--iam-dir={settings.folder / 's3-accounts'}",
        "--health=/health",
        "--keep-alive",
        "posix",
        str(settings.data),
    )
    environment = {
        "ROOT_ACCESS_KEY_ID": ROOT_ACCESS_KEY,
        "ROOT_SECRET_ACCESS_KEY": settings.secret_key,
    }
    return Component("s3", argv, f"{settings.endpoint}/health", extra_env=environment)


def client_environment(endpoint: str, secret_key: str) -> dict[str, str]:
    """Return the variables that S3 clients read."""
    return {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def make_folders(settings: S3Settings) -> None:
    """Create the folders that the server expects to find."""
    settings.data.mkdir(parents=True, exist_ok=True)
    (settings.folder / "s3-accounts").mkdir(mode=0o700, exist_ok=True)


def create_bucket(settings: S3Settings, name: str) -> None:
    """Make a bucket; one that exists is kept."""
    (settings.data / name).mkdir(exist_ok=True)


def add_account(settings: S3Settings, access_key: str, secret_key: str) -> None:
    """Add a user without rights; bucket policies grant them."""
    argv = [
        str(settings.binaries / "versitygw"),
        *("admin", f"--access={ROOT_ACCESS_KEY}", f"--secret={settings.secret_key}"),
        *(f"--endpoint-url={settings.endpoint}", f"--region={REGION}", "create-user"),
        *(f"--access={access_key}", f"--secret={secret_key}", "--role=user"),
    ]
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip()
        raise LocalClusterError(f"the S3 server did not add the account {access_key}: {said}")


class S3Server:
    """A running S3 server on a loopback port; use it as a context manager."""

    region = REGION
    access_key = ROOT_ACCESS_KEY

    def __init__(self, workdir: Path | str, *, tls: bool = False) -> None:
        self._authority = Authority(own_folder(Path(workdir).absolute()) / "pki") if tls else None
        self.workdir = Path(workdir).absolute()
        self.secret_key = secrets.token_hex(20)
        self._lease = PortLease()
        self._processes = Processes(self.workdir)
        self._settings = S3Settings(self.workdir, Path(), self.secret_key)

    @property
    def endpoint(self) -> str:
        """The server's address."""
        return self._settings.endpoint

    @property
    def env(self) -> dict[str, str]:
        """The variables that S3 clients read."""
        return client_environment(self.endpoint, self.secret_key)

    @property
    def data(self) -> Path:
        """The folder that holds the buckets as folders, for tests that damage objects."""
        return self._settings.data

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Start the server and return when it answers."""
        binary_folder = binaries.ensure(binaries.S3_SERVER)
        own_folder(self.workdir)
        self._processes.stop_rest()
        certificate, key = self._tls()
        self._settings = S3Settings(
            self.workdir,
            binary_folder,
            self.secret_key,
            port=self._lease.take(),
            certificate=certificate,
            key=key,
        )
        make_folders(self._settings)
        try:
            start_and_wait(self._processes, server(self._settings))
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def ca_pem(self) -> str | None:
        """The authority that signed the server's certificate; None without TLS."""
        return self._authority.certificate.read_text() if self._authority else None

    def _tls(self) -> tuple[Path, Path] | tuple[None, None]:
        if self._authority is None:
            return None, None
        return self._authority.issue("s3", CertificateRequest("s3", addresses=(self._settings.address,)))

    def stop(self) -> None:
        """End the server, by whomever it was started for `workdir`; data stay."""
        self._processes.stop_rest()
        self._lease.close()

    def restart(self) -> None:
        """End the server and start it on the same port and data: an outage."""
        self._processes.stop("s3")
        start_and_wait(self._processes, server(self._settings))

    def create_bucket(self, name: str) -> None:
        """Make a bucket; one that exists is kept."""
        create_bucket(self._settings, name)

    def add_account(self, access_key: str, secret_key: str) -> None:
        """Add a user without rights; bucket policies grant them."""
        add_account(self._settings, access_key, secret_key)
