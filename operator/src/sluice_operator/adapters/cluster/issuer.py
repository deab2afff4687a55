"""Whose token is this? Told offline by the issuer's published keys, where nobody may ask for a TokenReview.

Every ServiceAccount may read them (ClusterRole system:service-account-issuer-discovery, bound by default).
A deleted Pod's token is good until it ends; the caller compares with the Pods that exist.
"""

import asyncio
import time
from collections.abc import Callable

import jwt

from sluice_operator import raw
from sluice_operator.adapters.cluster.identity import PodIdentity, pod_of_claims
from sluice_operator.adapters.cluster.transport import Request, Transport

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/openid/v1/jwks"
KEY_SET = "application/jwk-set+json"
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
FRESH_SECONDS = 60.0
"""Keys are asked for again when a token names an unknown one, but not more often than this."""


class IssuerKeys:
    """Checks tokens with the keys of the cluster's issuer."""

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._issuer = ""
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def pod_of(self, token: str, audience: str) -> PodIdentity | None:
        """The Pod that the token is bound to, or None when it is not good for `audience`. Raises ApiError."""
        try:
            named = str(jwt.get_unverified_header(token).get("kid", ""))
        except jwt.PyJWTError:
            return None
        key = await self._key(named)
        if key is None:
            return None
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=audience,
                issuer=self._issuer,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError:
            return None
        return pod_of_claims(claims)

    async def _key(self, named: str) -> jwt.PyJWK | None:
        async with self._asking:
            is_stale = self._asked_at is None or self._clock() - self._asked_at > FRESH_SECONDS
            if named not in self._keys and is_stale:
                await self._ask()
        return self._keys.get(named)

    async def _ask(self) -> None:
        found = await self._transport.send(Request("GET", DISCOVERY))
        published = await self._transport.send(Request("GET", KEYS, accept=KEY_SET))
        self._issuer = raw.text(found, "issuer")
        self._keys = {}
        for one in raw.items(published, "keys"):
            try:
                self._keys[raw.text(one, "kid")] = jwt.PyJWK(dict(one))
            except jwt.PyJWTError:
                continue  # a kind of key that we cannot use signs no token that we accept
        self._asked_at = self._clock()
