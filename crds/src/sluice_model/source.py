"""Where the bytes of a model lie: a local folder, or a store that is read in parts."""

from pathlib import Path
from typing import Protocol


class ModelSource(Protocol):
    """Files of one folder, by name."""

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each file, by its path relative to the folder."""
        ...

    def read(self, name: str, start: int, length: int) -> bytes:
        """A part of a file; shorter where the file ends."""
        ...


class FolderSource:
    """A local folder. Links are followed: whoever made the folder has checked them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = (p for p in folder.rglob("*") if p.is_file())
        self.sizes = {p.relative_to(folder).as_posix(): p.stat().st_size for p in found}

    def read(self, name: str, start: int, length: int) -> bytes:
        """A part of a file."""
        with (self._folder / name).open("rb") as file:
            file.seek(start)
            return file.read(length)
