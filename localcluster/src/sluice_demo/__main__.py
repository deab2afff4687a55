"""`python -m sluice_demo up | down`: what `make demo` and `make demo-down` run."""

import argparse
import sys

from sluice_demo.scenes import play
from sluice_demo.story import tell
from sluice_localcluster.cluster import DEFAULT_NAME
from sluice_localcluster.down import down
from sluice_localcluster.errors import LocalClusterError


def main(arguments: list[str] | None = None) -> int:
    """Run the demo, or remove it."""
    parser = argparse.ArgumentParser(prog="sluice_demo", description=__doc__)
    parser.add_argument("command", choices=["up", "down"])
    parser.add_argument("--name", default=DEFAULT_NAME, help="name of the cluster")
    parsed = parser.parse_args(arguments)
    try:
        if parsed.command == "down":
            down(parsed.name)
            return 0
        return play(parsed.name)
    except LocalClusterError as error:
        tell(f"\nThe demo stopped: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
