"""Names from the cluster, offered while somebody types. Whatever goes wrong, nothing is offered."""

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sluice_api.kinds import KINDS
from sluice_operator.adapters.cluster.errors import ApiError
from sluice_operator.model import ResourceKind
from sluice_plugin import options
from sluice_plugin.cluster import RESOURCE_KINDS, read_namespace, read_namespaces
from sluice_plugin.errors import Refused

_DEPLOYMENT: ResourceKind = "Deployment"
_GATE: ResourceKind = "EvalGate"
_ABSENT = dict.fromkeys(("namespace", "kubeconfig", "context", "as_user"))
Offer = Callable[[argparse.Namespace], Iterable[str]]


def targets(args: argparse.Namespace) -> Iterable[str]:
    """Objects as `trun/tickets`."""
    keys = read_namespace(options.access(args), options.namespace(args), RESOURCE_KINDS).keys()
    return [f"{KINDS[key.kind].short}/{key.name}" for key in keys]


def deployments(args: argparse.Namespace) -> Iterable[str]:
    """Names of Deployments."""
    keys = read_namespace(options.access(args), options.namespace(args), [_DEPLOYMENT]).keys()
    return [key.name for key in keys]


def gates(args: argparse.Namespace) -> Iterable[str]:
    """Names of EvalGates."""
    keys = read_namespace(options.access(args), options.namespace(args), [_GATE]).keys()
    return [key.name for key in keys]


def namespaces(args: argparse.Namespace) -> Iterable[str]:
    """All namespaces."""
    return read_namespaces(options.access(args))


def offered(offer: Offer) -> Callable[..., list[str]]:
    """A completer as argcomplete calls it."""

    def complete(parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        # Options that come later on the line were not read yet.
        given = argparse.Namespace(**(_ABSENT | vars(parsed_args)))
        try:
            return sorted(offer(given))
        except (Refused, ApiError):
            return []

    return complete


OFFERS: Mapping[str, Offer] = {"target": targets, "name": deployments, "gate": gates, "namespace": namespaces}
"""What is offered for an argument, by its name in the parsed arguments."""
