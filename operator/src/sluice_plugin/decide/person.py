"""Who asks, whether that person may, and the one write: the annotation that holds the request."""

import asyncio
import secrets
from typing import Any

from sluice_api import meta
from sluice_api.decisions import ANNOTATIONS, Decision, Request
from sluice_operator import raw
from sluice_operator.adapters.cluster import transport as wire
from sluice_operator.adapters.cluster.transport import Transport
from sluice_operator.kinds import RESOURCES
from sluice_plugin.decide.asked import Asked
from sluice_plugin.errors import Refused
from sluice_plugin.login import Login
from sluice_plugin.options import Access

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
FIELD_MANAGER = "kubectl-sluice"
VERBS: dict[Decision, str] = {"rollback-to": "rollback"}
"""Sub-resources whose name is not that of the annotation."""


def ask(access: Access, namespace: str, asked: Asked, *, dry_run: bool) -> Request:
    """Write the request in the person's own name. Raises Refused without the right to."""
    return asyncio.run(_ask(access, namespace, asked, dry_run=dry_run))


async def _ask(access: Access, namespace: str, asked: Asked, *, dry_run: bool) -> Request:
    transport = Transport(Login(access), threads=1)
    try:
        user = await _who(transport)
        await _require_right(transport, namespace, asked, user)
        identity = f"{asked.seen}.{secrets.token_hex(4)}"
        request = Request(decision=asked.decision, digest=asked.digest, id=identity, user=user)
        if not dry_run:
            await _annotate(transport, namespace, asked, request)
    finally:
        transport.close()
    return request


async def _who(transport: Transport) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await transport.send(wire.Request("POST", REVIEW, body=body))
    user = raw.text(answer, "status", "userInfo", "username")
    if not user or len(user.split()) != 1:
        raise Refused(f"the cluster knows you as {user!r}; a request names a user without white space")
    return user


async def _require_right(transport: Transport, namespace: str, asked: Asked, user: str) -> None:
    verb = VERBS.get(asked.decision, asked.decision)
    attributes = {
        "namespace": namespace,
        "verb": "update",
        "group": meta.GROUP,
        "resource": asked.plural,
        "subresource": verb,
        "name": asked.name,
    }
    body: dict[str, Any] = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await transport.send(wire.Request("POST", ACCESS, body=body))
    if raw.mapping(answer, "status").get("allowed") is not True:
        raise Refused(
            f"{user} may not update {asked.plural}/{verb} of {meta.GROUP} for {asked.name} in namespace "
            f"{namespace}; ask for the ClusterRole of promoters that comes with the chart"
        )


async def _annotate(transport: Transport, namespace: str, asked: Asked, request: Request) -> None:
    """The object's UID guards against a namesake that was made meanwhile."""
    metadata = {"uid": asked.uid, "annotations": {ANNOTATIONS[asked.decision]: request.text()}}
    await transport.send(
        wire.Request(
            "PATCH",
            RESOURCES[asked.kind].path(namespace, asked.name),
            query=(("fieldManager", FIELD_MANAGER),),
            body={"metadata": metadata},
            content_type=wire.MERGE_PATCH,
        )
    )
