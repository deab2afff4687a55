"""`kubectl sluice VERB`: arguments, dispatch and the exit code.

0: as it should be; 1: something is broken or refused; 2: the command cannot be understood.
"""

import argparse
import logging
import sys
from collections.abc import Sequence

from sluice_api.errors import StageError
from sluice_operator.adapters.cluster.errors import ApiError
from sluice_plugin.errors import Refused
from sluice_plugin.lineage import verb as lineage
from sluice_plugin.models import verb as models
from sluice_plugin.status import verb as status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s: %(message)s")
    args = parser().parse_args(arguments)
    try:
        code: int = args.run(args)
    except KeyboardInterrupt:
        return 130
    except (Refused, StageError) as error:
        return _fail(str(error))
    except ApiError as error:
        return _fail(f"the API server says: {error.message}")
    return code


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="kubectl sluice", description=__doc__.splitlines()[0])
    verbs = top.add_subparsers(title="verbs", required=True, metavar="VERB")
    for verb in (status, lineage, models):
        verb.add_to(verbs)
    return top


def _fail(message: str) -> int:
    print(f"kubectl sluice: {message}", file=sys.stderr)  # noqa: T201 - the answer of the command
    return 1


if __name__ == "__main__":
    sys.exit(main())
