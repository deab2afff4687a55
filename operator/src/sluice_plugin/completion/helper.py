"""`kubectl_complete-sluice`: kubectl runs it to complete `kubectl sluice ...`, with the words typed so far.

It answers one candidate per line, and last how the shell must treat them.
"""

import sys
from collections.abc import Sequence

from sluice_plugin.__main__ import parser
from sluice_plugin.completion.finder import candidates

NO_FILES = ":4"
"""kubectl's directive: offer these and no file names."""


def main(words: Sequence[str] | None = None) -> int:
    """Print what the last word may become."""
    found = candidates(parser(), list(sys.argv[1:] if words is None else words) or [""])
    print("\n".join([*found, NO_FILES]))  # noqa: T201 - the answer of the command
    return 0


if __name__ == "__main__":
    sys.exit(main())
