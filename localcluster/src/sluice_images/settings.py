"""How this machine reaches packages: its index, its certificates, its Debian mirror.

Read from where pip and apt keep them, and lent to a build as secrets, so that nothing of
it stays in an image. Never a host's name in this code.
"""

import configparser
import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


@dataclass(frozen=True)
class PackageSettings:
    """Where Python packages come from; None means the public index."""

    index: str | None = None
    extra: tuple[str, ...] = ()
    certificates: Path | None = None

    def uv_toml(self) -> str:
        """Return the settings as uv's configuration file."""
        lines = ["system-certs = true"]
        if self.index:
            lines.append(f"index-url = {json.dumps(self.index)}")
        if self.extra:
            lines.append(f"extra-index-url = {json.dumps(list(self.extra))}")
        return "\n".join(lines) + "\n"

    def pip_conf(self) -> str:
        """Return the settings as pip's configuration file."""
        lines = ["[global]"]
        if self.index:
            lines.append(f"index-url = {self.index}")
        if self.extra:
            lines.append(f"extra-index-url = {' '.join(self.extra)}")
        return "\n".join(lines) + "\n"


def read_package_settings() -> PackageSettings:
    """Return what pip would use on this machine: the environment wins over its files."""
    files = _pip_settings(_pip_files())
    index = os.environ.get("PIP_INDEX_URL") or files.get("index-url")
    extra = os.environ.get("PIP_EXTRA_INDEX_URL") or files.get("extra-index-url", "")
    return PackageSettings(index or None, tuple(extra.split()), _certificates())


def write_secrets(settings: PackageSettings, folder: Path) -> list[str]:
    """Write the files that a build may see and return buildah's arguments for them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "uv.toml").write_text(settings.uv_toml())
    (folder / "pip.conf").write_text(settings.pip_conf())
    sources = {name: folder / name for name in ("uv.toml", "pip.conf")}
    if settings.certificates is not None:
        sources["ca-certificates.crt"] = settings.certificates
    return [f"--secret=id={name},src={path}" for name, path in sources.items()]


def debian_mirror(suite: str) -> str | None:
    """Return the mirror that this machine's apt uses for a Debian suite, if it does."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(SITE)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = (line.split() for line in listing.stdout.splitlines())
    return next((row[2] for row in rows if row[:2] == [suite, "main"]), None)


def _pip_files() -> list[Path]:
    chosen = os.environ.get("PIP_CONFIG_FILE")
    home = Path.home()
    known = [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", home / ".config" / "pip" / "pip.conf"]
    return [*known, Path(chosen)] if chosen else known


def _pip_settings(files: Iterable[Path]) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read(files)
    sections = [name for name in ("global", "install") if parser.has_section(name)]
    return {key: value for name in sections for key, value in parser.items(name)}


def _certificates() -> Path | None:
    candidates = (os.environ.get("SSL_CERT_FILE"), *_CERTIFICATES)
    return next((Path(path) for path in candidates if path and Path(path).is_file()), None)
