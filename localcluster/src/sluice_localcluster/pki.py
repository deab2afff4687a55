"""Keys and certificates, made by the openssl command: Python's standard library signs nothing.

One authority per cluster signs what the servers and the API server's kubelet client
show. Files that exist are kept, so a second start goes on with the same keys.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from sluice_localcluster import packages
from sluice_localcluster.errors import LocalClusterError

_AUTHORITY = """[req]
prompt = no
distinguished_name = subject
x509_extensions = extensions
[subject]
CN = sluice local cluster
[extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


@dataclass(frozen=True)
class CertificateRequest:
    """Whom a certificate names, and where it is valid; without addresses it is a client's."""

    common_name: str
    organization: str = ""
    dns_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def render_request(request: CertificateRequest) -> str:
    """Return the openssl configuration that describes the certificate."""
    names = [f"DNS:{name}" for name in request.dns_names]
    names += [f"IP:{address}" for address in request.addresses]
    lines = ["[req]", "prompt = no", "distinguished_name = subject"]
    lines += ["x509_extensions = extensions", "[subject]", f"CN = {request.common_name}"]
    if request.organization:
        lines.append(f"O = {request.organization}")
    lines += [
        "[extensions]",
        "basicConstraints = critical, CA:FALSE",
        "keyUsage = critical, digitalSignature",
        f"extendedKeyUsage = {'serverAuth' if names else 'clientAuth'}",
        "subjectKeyIdentifier = hash",
        "authorityKeyIdentifier = keyid",
    ]
    if names:
        lines.append(f"subjectAltName = {', '.join(names)}")
    return "\n".join(lines) + "\n"


class Authority:
    """The folder of one cluster's keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "ca.crt"
        folder.mkdir(parents=True, exist_ok=True)
        self._make("ca", _AUTHORITY, [])

    def issue(self, name: str, request: CertificateRequest) -> tuple[Path, Path]:
        """Return certificate and key of `name`."""
        signer = ["-CA", str(self.certificate), "-CAkey", str(self._folder / "ca.key")]
        self._make(name, render_request(request), signer)
        return self._folder / f"{name}.crt", self._folder / f"{name}.key"

    def signing_key(self, name: str) -> Path:
        """Return the private key `name`, in the SEC 1 form that the API server reads."""
        key = self._folder / f"{name}.key"
        if not key.exists():
            new = key.with_suffix(".new")
            _openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(new)])
            new.replace(key)
        return key

    def _make(self, name: str, configuration: str, signer: list[str]) -> None:
        """Make key and certificate; the certificate's name appears last, so it means both."""
        certificate = self._folder / f"{name}.crt"
        if certificate.exists():
            return
        config = self._folder / f"{name}.cnf"
        config.write_text(configuration)
        new = certificate.with_suffix(".new")
        argv = ["req", "-x509", "-config", str(config), "-days", "3650", "-nodes"]
        argv += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", *signer]
        argv += ["-keyout", str(self._folder / f"{name}.key"), "-out", str(new)]
        _openssl(argv)
        new.replace(certificate)


def _openssl(arguments: list[str]) -> None:
    packages.ensure(packages.OPENSSL)
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise LocalClusterError(
            f"openssl {arguments[0]} failed (3.0 or newer is needed): {result.stderr.strip()}"
        )
