"""Reads the cluster once: objects into the operator's cache, so that every reading of them is shared.

Only lists; nothing is ever written.
"""

import asyncio
from collections.abc import Collection, Iterator
from typing import Any

import yaml
from pydantic import ValidationError

from sluice_operator import goyaml, raw
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.errors import Forbidden, NotFound
from sluice_operator.adapters.cluster.transport import Request, Transport
from sluice_operator.cache import Cache
from sluice_operator.kinds import CHILDREN, CONFIG_MAP, RESOURCES, Kind
from sluice_operator.settings import Settings
from sluice_operator.views import view_of
from sluice_plugin.errors import Refused
from sluice_plugin.login import Login
from sluice_plugin.options import Access

RESOURCE_KINDS: tuple[Kind, ...] = tuple(RESOURCES)
CHAIN_KINDS: tuple[Kind, ...] = (*RESOURCE_KINDS, "AppsDeployment", "Service", "ControllerRevision")
SETTINGS_SELECTOR = "sluice.dev/settings=true"
SETTINGS_KEY = "settings.yaml"


def read_namespace(access: Access, namespace: str | None, kinds: Collection[Kind]) -> Cache:
    """All objects of these kinds in a namespace, or in all, as the operator sees them."""
    cache = Cache()
    for kind, item in read_objects(access, namespace, kinds):
        cache.put(kind, view_of(kind, item))
    return cache


def read_objects(
    access: Access, namespace: str | None, kinds: Collection[Kind]
) -> tuple[tuple[Kind, dict[str, Any]], ...]:
    """The same objects, as plain data."""
    return asyncio.run(_read_objects(access, namespace, kinds))


def read_namespaces(access: Access) -> tuple[str, ...]:
    """Names of all namespaces. Raises ApiError where they may not be listed."""
    answer = asyncio.run(_get(access, "/api/v1/namespaces"))
    return tuple(raw.text(item, "metadata", "name") for item in raw.items(answer, "items"))


def require_namespace(access: Access, namespace: str) -> None:
    """Raise Refused where a namespace does not exist; who may not look is told nothing."""
    try:
        asyncio.run(_get(access, f"/api/v1/namespaces/{namespace}"))
    except NotFound:
        raise Refused(f"there is no namespace {namespace}; `kubectl get namespaces` lists them") from None
    except Forbidden:
        return


def read_settings(access: Access, operator_namespace: str) -> Settings:
    """The operator's settings, from the ConfigMap that its chart made."""
    try:
        query = (("labelSelector", SETTINGS_SELECTOR),)
        answer = asyncio.run(_get(access, CONFIG_MAP.path(operator_namespace), query))
        found = list(answer.get("items") or ())
    except Forbidden as error:
        raise Refused(f"{error.message}; give --root, and --endpoint where it is needed") from error
    if len(found) != 1:
        raise Refused(
            f"{len(found)} ConfigMaps labelled {SETTINGS_SELECTOR} in namespace {operator_namespace}, "
            "expected one; name the operator's namespace with --operator-namespace, or give --root"
        )
    try:
        return Settings.parse_open(goyaml.load(raw.text(found[0], "data", SETTINGS_KEY)))
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise Refused(f"the operator's settings cannot be read: {error}; give --root") from error


def read_log(access: Access, namespace: str, pod: str, container: str, *, follow: bool) -> Iterator[str]:
    """Lines of a container's log, as they come. Raises ApiError."""
    transport = _transport(access)
    query = (("container", container), *((("follow", "true"),) if follow else ()))
    try:
        yield from transport.lines(Request("GET", CHILDREN["Pod"].path(namespace, pod, "log"), query))
    finally:
        transport.close()


async def _read_objects(
    access: Access, namespace: str | None, kinds: Collection[Kind]
) -> tuple[tuple[Kind, dict[str, Any]], ...]:
    transport = _transport(access)
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


async def _get(access: Access, path: str, query: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    transport = _transport(access)
    try:
        return await transport.send(Request("GET", path, query=query))
    finally:
        transport.close()


def _transport(access: Access) -> Transport:
    return Transport(Login(access), threads=2)
