"""`kubectl sluice`: arguments, dispatch and the exit code.

0: as it should be; 1: something is broken or refused; 2: the command cannot be understood; 141: whoever reads
the answer stopped reading.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import distributions

from sluice_api.errors import StageError
from sluice_api.text import printable
from sluice_operator.adapters.cluster.errors import ApiError
from sluice_plugin import options
from sluice_plugin.audit import verb as audit
from sluice_plugin.completion import verb as completion
from sluice_plugin.completion.finder import complete_for_shell
from sluice_plugin.decide import verb as decide
from sluice_plugin.errors import Refused
from sluice_plugin.explain import verb as explain
from sluice_plugin.lineage import verb as lineage
from sluice_plugin.logs import verb as logs
from sluice_plugin.models import verb as models
from sluice_plugin.plan import verb as plan
from sluice_plugin.status import verb as status

VERBS = (
    status,
    explain,
    logs,
    plan,
    decide,
    lineage,
    audit,
    models,
    completion,
)
"""One module per verb, in the order of the help; each has `add_to`."""
_ABOUT = (
    "Datasets, training runs, verdicts and live models of Sluice: what they do, why, and what comes next."
)
_EXIT_CODES = (
    "Exit codes: 0 as it should be; 1 something is broken, refused, or waits for a person; 2 not understood."
)
READER_GONE = 128 + 13
"""Exit code of a program that SIGPIPE ended, as shells tell it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s: %(message)s")
    command = parser()
    complete_for_shell(command)
    args = command.parse_args(arguments)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # `head` has seen enough; at its end Python must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except KeyboardInterrupt:
        return 130
    except (Refused, StageError) as error:
        return _fail(str(error))
    except ApiError as error:
        return _fail(f"the API server says: {error.message}")
    return code


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="kubectl sluice", description=_ABOUT, epilog=_EXIT_CODES)
    top.add_argument("--version", action="version", version=f"kubectl-sluice {_version()}")
    options.add_global(top)
    verbs = top.add_subparsers(title="verbs", required=True, metavar="VERB")
    for verb in VERBS:
        verb.add_to(verbs)
    return top


def _version() -> str:
    """Version of the installed plugin, or of the API that it was built with."""
    installed = {found.name: found.version for found in distributions()}
    return installed.get("kubectl-sluice") or installed.get("sluice-api", "unknown")


def _fail(message: str) -> int:
    print(printable(f"kubectl sluice: {message}"), file=sys.stderr)  # noqa: T201 - the answer of the command
    return 1


if __name__ == "__main__":
    sys.exit(main())
