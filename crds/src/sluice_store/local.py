"""A store in a local folder, for laptops and tests. Objects are files; one that is visible is whole."""

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path

from sluice_api import reasons
from sluice_api.errors import DependencyUnavailable
from sluice_store.base import checked_key

_HIDDEN = ".writing-"


@contextmanager
def _os_trouble(root: Path) -> Iterator[None]:
    """Turn what the disk says into the reasons that S3 would give."""
    try:
        yield
    except (FileNotFoundError, FileExistsError):
        raise
    except PermissionError as error:
        raise DependencyUnavailable(reasons.STORAGE_ACCESS_DENIED, f"store {root}: {error}") from error
    except OSError as error:
        if error.errno in {errno.ENOTDIR, errno.EISDIR}:
            raise FileNotFoundError(error.errno, os.strerror(error.errno), error.filename) from error
        raise DependencyUnavailable(reasons.STORAGE_UNAVAILABLE, f"store {root}: {error}") from error


class LocalStore:
    """Objects below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, key: str) -> bytes:
        """Bytes of a small object."""
        with _os_trouble(self.root):
            return self._path(key).read_bytes()

    def read_part(self, key: str, start: int, length: int) -> bytes:
        """Bytes of a part of an object."""
        with _os_trouble(self.root), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def write(self, key: str, data: bytes) -> None:
        """Put a small object, replacing what is there."""
        self._put(key, lambda temporary: temporary.write_bytes(data), Path.replace)

    def create(self, key: str, data: bytes) -> bool:
        """Put a small object only if the key is free; a hard link is atomic and never replaces."""
        try:
            self._put(key, lambda temporary: temporary.write_bytes(data), os.link)
        except FileExistsError:
            return self.read(key) == data
        return True

    def upload(self, path: Path, key: str) -> None:
        """Put a file of any size."""
        self._put(key, lambda temporary: shutil.copyfile(path, temporary), Path.replace)

    def download(self, key: str, path: Path) -> None:
        """Fetch an object to a file, which appears only when it is whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{_HIDDEN}{uuid.uuid4().hex}")
        try:
            with _os_trouble(self.root):
                shutil.copyfile(self._path(key), temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def sha256(self, key: str) -> str:
        """Hash of an object's bytes as they are now."""
        with _os_trouble(self.root), self._path(key).open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    def list(self, prefix: str) -> Iterator[str]:
        """Keys below a folder, in order; an empty prefix lists all."""
        folder = self._path(prefix) if prefix else self.root
        with _os_trouble(self.root):
            files = [p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(_HIDDEN)]
        yield from sorted(p.relative_to(self.root).as_posix() for p in files)

    def etag(self, key: str) -> str | None:
        """A tag that changes with the object: every write makes a new file."""
        try:
            with _os_trouble(self.root):
                found = self._path(key).stat()
        except FileNotFoundError:
            return None
        return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is fine."""
        with _os_trouble(self.root):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    def _put(self, key: str, fill: Callable[[Path], object], publish: Callable[[Path, Path], object]) -> None:
        path = self._path(key)
        temporary = path.with_name(f"{_HIDDEN}{uuid.uuid4().hex}")
        with _os_trouble(self.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                fill(temporary)
                # Without this, a power cut could leave a visible marker before the bytes that it names.
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
                publish(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
