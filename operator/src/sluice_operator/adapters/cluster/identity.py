"""Whose token is this? TokenReview, for the progress endpoint."""

from dataclasses import dataclass
from typing import Any

import jwt

from sluice_operator import raw
from sluice_operator.adapters.cluster.transport import Request, Transport
from sluice_operator.kinds import TOKEN_REVIEW

_EXTRA = "authentication.kubernetes.io/"
_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True)
class PodIdentity:
    """The Pod that a projected token is bound to."""

    namespace: str
    name: str
    uid: str


def claimed_pod(token: str, audience: str) -> PodIdentity | None:
    """The Pod that a token claims to be bound to; nothing is verified, so nobody may be believed for it."""
    unverified = {"verify_signature": False, "verify_aud": True, "verify_exp": True}
    try:
        claims = jwt.decode(token, audience=audience, options=unverified)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        return None
    return pod_of_claims(claims)


def pod_of_claims(claims: Any) -> PodIdentity | None:
    """The Pod that the claims of a token speak of; None when it is bound to none."""
    namespace = raw.text(claims, "kubernetes.io", "namespace")
    name, uid = (raw.text(claims, "kubernetes.io", "pod", key) for key in ("name", "uid"))
    return PodIdentity(namespace, name, uid) if namespace and name and uid else None


class TokenReviews:
    """Asks the API server about tokens."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def pod_of(self, token: str, audience: str) -> PodIdentity | None:
        """The Pod that the token is bound to, or None when the token is not good for `audience`."""
        body = {
            "apiVersion": TOKEN_REVIEW.api_version,
            "kind": TOKEN_REVIEW.kind,
            "spec": {"token": token, "audiences": [audience]},
        }
        review = await self._transport.send(Request("POST", TOKEN_REVIEW.path(None), body=body))
        return pod_identity(review, audience)


def pod_identity(review: object, audience: str) -> PodIdentity | None:
    """The Pod that a review speaks of. An answer that leaves anything open is a no."""
    status = raw.mapping(review, "status")
    # A server that knows no audiences answers without any: that token could be meant for anybody.
    if status.get("authenticated") is not True or audience not in (status.get("audiences") or ()):
        return None
    user = raw.text(status, "user", "username")
    extra = raw.mapping(status, "user", "extra")
    name, uid = (_single(extra.get(_EXTRA + key)) for key in ("pod-name", "pod-uid"))
    if not user.startswith(_ACCOUNT) or not name or not uid:
        return None
    return PodIdentity(user.removeprefix(_ACCOUNT).split(":")[0], name, uid)


def _single(value: object) -> str:
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else ""
