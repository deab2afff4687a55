"""`python -m sluice_api.crdgen --write | --check`: generate files, or say which are out of date."""

import argparse
import sys

from sluice_api.crdgen.files import COMMAND, outdated, write


def main(arguments: list[str] | None = None) -> int:
    """Write or check; 1 when the check finds something out of date."""
    parser = argparse.ArgumentParser(prog="python -m sluice_api.crdgen", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write what is out of date")
    mode.add_argument("--check", action="store_true", help="fail when something is out of date")
    if parser.parse_args(arguments).write:
        sys.stdout.writelines(f"wrote {path}\n" for path in write())
        return 0
    stale = outdated()
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run `{COMMAND}`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
