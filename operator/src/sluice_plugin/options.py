"""Options that several verbs share, and how they are read. No other verb reads the environment."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sluice_operator import raw
from sluice_plugin.errors import Refused

OPERATOR_NAMESPACE = "sluice-system"


@dataclass(frozen=True)
class Access:
    """Which cluster is asked, and as whom."""

    kubeconfig: Path
    """Several files may be joined by colons, as for kubectl."""
    context: str = ""
    """Empty: the current context."""
    user: str = ""
    """User to act as; empty: nobody else."""


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Which cluster, and which namespace of it; the same options may stand before the verb."""
    _add_cluster(parser, argparse.SUPPRESS)


def add_global(parser: argparse.ArgumentParser) -> None:
    """The options of `add_cluster` with their defaults, for the top of the command line."""
    _add_cluster(parser, None)


def _add_cluster(parser: argparse.ArgumentParser, absent: str | None) -> None:
    options = parser.add_argument_group("cluster")
    for names, more in _CLUSTER:
        options.add_argument(*names, default=absent, **more)


_CLUSTER: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("-n", "--namespace"), {"help": "namespace; default: that of the context"}),
    (("--context",), {"metavar": "NAME", "help": "context of the kubeconfig; default: the current one"}),
    (("--kubeconfig",), {"metavar": "FILE", "help": "default: KUBECONFIG, or ~/.kube/config"}),
    (("--as",), {"dest": "as_user", "metavar": "USER", "help": "user to act as"}),
)


def add_output(parser: argparse.ArgumentParser) -> None:
    """How to answer."""
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def add_storage(parser: argparse.ArgumentParser) -> None:
    """Where artifacts are. Credentials come from the environment or the AWS profile, never from here."""
    parser.add_argument("--root", help="the namespace's artifacts: s3://bucket/prefix or file:///folder")
    parser.add_argument("--endpoint", help="default: AWS_ENDPOINT_URL_S3, or the storage profile's")
    parser.add_argument("--region", help="default: AWS_REGION, or the storage profile's")
    add_operator(parser)


def add_operator(parser: argparse.ArgumentParser) -> None:
    """Where the operator's settings are."""
    parser.add_argument(
        "--operator-namespace",
        default=OPERATOR_NAMESPACE,
        help=f"where the operator's settings are, to find the profiles; default: {OPERATOR_NAMESPACE}",
    )


def kubeconfig(args: argparse.Namespace) -> Path:
    """The kubeconfig; several files may be joined by colons, as for kubectl."""
    return Path(args.kubeconfig or os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")


def has_kubeconfig(args: argparse.Namespace) -> bool:
    """Whether there is a cluster to ask."""
    return any(Path(part).is_file() for part in str(kubeconfig(args)).split(os.pathsep))


def access(args: argparse.Namespace) -> Access:
    """How the cluster is reached."""
    return Access(kubeconfig(args), args.context or "", args.as_user or "")


def namespace(args: argparse.Namespace) -> str:
    """The namespace that was named, or that of the context."""
    return str(args.namespace or context_namespace(_documents(kubeconfig(args)), args.context or ""))


def context_namespace(documents: list[dict[str, Any]], context: str = "") -> str:
    """Namespace of a context, or of the current one; as for kubectl, the first file that names it counts."""
    current = context or next((d["current-context"] for d in documents if d.get("current-context")), "")
    contexts = (c for d in documents for c in raw.items(d, "contexts"))
    found = next((c for c in contexts if c.get("name") == current), {})
    return raw.text(found, "context", "namespace") or "default"


def endpoint(args: argparse.Namespace) -> str | None:
    """The endpoint that a person chose, by option or environment."""
    return args.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def region(args: argparse.Namespace) -> str | None:
    """The region that a person chose, by option or environment."""
    return args.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _documents(joined: Path) -> list[dict[str, Any]]:
    files = [Path(part) for part in str(joined).split(os.pathsep) if Path(part).is_file()]
    if not files:
        raise Refused(f"no kubeconfig at {joined}; set KUBECONFIG or give --kubeconfig")
    try:
        loaded = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    except (yaml.YAMLError, OSError, UnicodeError) as error:
        raise refused(joined, error) from None
    return [document for document in loaded if isinstance(document, dict)]


def refused(kubeconfig: Path, error: Exception) -> Refused:
    """The refusal of a kubeconfig that cannot be read."""
    told = str(error).partition("\n")[0]
    return Refused(f"the kubeconfig {kubeconfig} cannot be used: {told}; `kubectl config view` reads it, too")
