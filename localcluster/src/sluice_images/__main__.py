"""The command line: `python3 -m sluice_images build all`, with localcluster/src on PYTHONPATH.

Results go to standard output, progress to standard error.
"""

import argparse
import sys

from sluice_images.basemodel import ensure_base_model
from sluice_images.build import ensure_images
from sluice_images.load import load_images
from sluice_images.recipes import IMAGES
from sluice_localcluster.cluster import DEFAULT_NAME, require
from sluice_localcluster.errors import LocalClusterError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        if parsed.command == "base-model":
            print(ensure_base_model())
        else:
            _build(parsed)
    except LocalClusterError as error:
        print(f"sluice_images: {error}", file=sys.stderr)
        return 1
    return 0


def _build(parsed: argparse.Namespace) -> None:
    names = list(IMAGES) if "all" in parsed.images else parsed.images
    built = ensure_images(names)
    if parsed.command == "load":
        load_images(require(parsed.cluster), built)
    for image in built.values():
        print(f"{image.name} {image.reference} {image.digest}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sluice_images", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    choices = [*IMAGES, "all"]
    build = commands.add_parser("build", help="build what is missing; print name, reference and digest")
    build.add_argument("images", nargs="+", choices=choices)
    load = commands.add_parser("load", help="build what is missing and load it into a local cluster")
    load.add_argument("images", nargs="+", choices=choices)
    load.add_argument("--cluster", default=DEFAULT_NAME)
    commands.add_parser("base-model", help="fetch the quickstart's base model; print its path")
    return parser


if __name__ == "__main__":
    sys.exit(main())
