"""Our operator as its image runs it: the official client is not there, so kopf finds nothing to import."""

import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec

NOT_IN_THE_IMAGE = ("kubernetes",)
"""What only the development environment has, and kopf would import; the image's lock does not name it."""


class Absent:
    """Finds nothing, and says so."""

    @staticmethod
    def find_spec(name: str, _path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        """None: let others look."""
        if name.partition(".")[0] in NOT_IN_THE_IMAGE:
            raise ModuleNotFoundError(name)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, Absent)  # type: ignore[arg-type]
    sys.path.pop(0)  # as with `-m`: the folder of this file is nobody's
    runpy.run_module("sluice_operator", run_name="__main__", alter_sys=True)
