"""Reads the cluster once: objects into the operator's cache, so that every reading of them is shared.

Only lists; nothing is ever written.
"""

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sluice_operator import goyaml, raw
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.errors import Forbidden
from sluice_operator.adapters.cluster.transport import Request, Transport
from sluice_operator.cache import Cache
from sluice_operator.kinds import CHILDREN, CONFIG_MAP, RESOURCES, Kind
from sluice_operator.settings import Settings
from sluice_operator.views import view_of
from sluice_plugin.errors import Refused
from sluice_plugin.login import Login

RESOURCE_KINDS: tuple[Kind, ...] = tuple(RESOURCES)
CHAIN_KINDS: tuple[Kind, ...] = (*RESOURCE_KINDS, "AppsDeployment", "Service", "ControllerRevision")
SETTINGS_SELECTOR = "sluice.dev/settings=true"
SETTINGS_KEY = "settings.yaml"


def read_namespace(kubeconfig: Path, namespace: str, kinds: Collection[Kind]) -> Cache:
    """All objects of these kinds in a namespace, as the operator sees them."""
    cache = Cache()
    for kind, item in read_objects(kubeconfig, namespace, kinds):
        cache.put(kind, view_of(kind, item))
    return cache


def read_objects(
    kubeconfig: Path, namespace: str, kinds: Collection[Kind]
) -> tuple[tuple[Kind, dict[str, Any]], ...]:
    """The same objects, as plain data."""
    return asyncio.run(_read_objects(kubeconfig, namespace, kinds))


def read_namespaces(kubeconfig: Path) -> tuple[str, ...]:
    """Names of all namespaces. Raises ApiError where they may not be listed."""
    return asyncio.run(_read_namespaces(kubeconfig))


def read_settings(kubeconfig: Path, operator_namespace: str) -> Settings:
    """The operator's settings, from the ConfigMap that its chart made."""
    try:
        found = asyncio.run(_read_config_maps(kubeconfig, operator_namespace))
    except Forbidden as error:
        raise Refused(f"{error.message}; give --root, and --endpoint where it is needed") from error
    if len(found) != 1:
        raise Refused(
            f"{len(found)} ConfigMaps labelled {SETTINGS_SELECTOR} in namespace {operator_namespace}, "
            "expected one; name the operator's namespace with --operator-namespace, or give --root"
        )
    try:
        return Settings.parse(goyaml.load(raw.text(found[0], "data", SETTINGS_KEY)))
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise Refused(f"the operator's settings cannot be read: {error}; give --root") from error


def read_log(kubeconfig: Path, namespace: str, pod: str, container: str, *, follow: bool) -> Iterator[str]:
    """Lines of a container's log, as they come. Raises ApiError."""
    transport = _transport(kubeconfig)
    query = (("container", container), *((("follow", "true"),) if follow else ()))
    try:
        yield from transport.lines(Request("GET", CHILDREN["Pod"].path(namespace, pod, "log"), query))
    finally:
        transport.close()


async def _read_objects(
    kubeconfig: Path, namespace: str, kinds: Collection[Kind]
) -> tuple[tuple[Kind, dict[str, Any]], ...]:
    transport = _transport(kubeconfig)
    try:
        cluster = Cluster(transport)
        return tuple(
            [
                (kind, item)
                for kind in kinds
                async for page in cluster.list_pages(kind, namespace)
                for item in page.items
            ]
        )
    finally:
        transport.close()


async def _read_namespaces(kubeconfig: Path) -> tuple[str, ...]:
    transport = _transport(kubeconfig)
    try:
        answer = await transport.send(Request("GET", "/api/v1/namespaces"))
    finally:
        transport.close()
    return tuple(raw.text(item, "metadata", "name") for item in raw.items(answer, "items"))


async def _read_config_maps(kubeconfig: Path, namespace: str) -> list[Any]:
    transport = _transport(kubeconfig)
    try:
        query = (("labelSelector", SETTINGS_SELECTOR),)
        answer = await transport.send(Request("GET", CONFIG_MAP.path(namespace), query=query))
    finally:
        transport.close()
    return list(answer.get("items") or ())


def _transport(kubeconfig: Path) -> Transport:
    return Transport(Login(kubeconfig), threads=2)
