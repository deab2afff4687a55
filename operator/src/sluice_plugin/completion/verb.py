"""The verb `completion SHELL`: the code that makes a shell complete `kubectl-sluice`.

`kubectl sluice` needs none: kubectl finds `kubectl_complete-sluice` beside the plugin by itself.
"""

import argparse
from typing import Any

from argcomplete.shell_integration import shellcode

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "kubectl-sluice"


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("completion", help="code that completes kubectl-sluice in a shell")
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the code."""
    print(shellcode([PROGRAM], shell=args.shell))  # noqa: T201 - the answer of the command
    return 0
