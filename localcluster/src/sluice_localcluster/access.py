"""Who may talk to the API server: bearer tokens and the kubeconfig files that hold them.

Rendering only, apart from the one secret from which all tokens are derived.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class User:
    """A user that the API server knows by token."""

    name: str
    groups: tuple[str, ...] = ()


ADMIN = User("admin", ("system:masters",))
CONTROLLER_MANAGER = User("system:kube-controller-manager")
SCHEDULER = User("system:kube-scheduler")
PROXY = User("system:kube-proxy")


def node_user(node: str) -> User:
    """Return the user of a node's kubelet; the Node authorizer knows it by these names."""
    return User(f"system:node:{node}", ("system:nodes",))


def load_secret(path: Path) -> bytes:
    """Return the cluster's token secret, made on first use."""
    if not path.exists():
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(secrets.token_bytes(32))
        new.replace(path)
    return path.read_bytes()


def token_for(secret: bytes, user: str) -> str:
    """Return the token of `user`: the same at every start of the same cluster."""
    return hmac.new(secret, user.encode(), hashlib.sha256).hexdigest()


def render_token_file(secret: bytes, users: tuple[User, ...]) -> str:
    """Return the API server's static token file: token, name, uid, groups."""
    rows = (
        f'{token_for(secret, user.name)},"{user.name}","{user.name}","{",".join(user.groups)}"'
        for user in users
    )
    return "\n".join(rows) + "\n"


def render_kubeconfig(url: str, authority: bytes, user: str, token: str) -> str:
    """Return a kubeconfig that needs no other file (JSON, which is YAML too)."""
    data = base64.b64encode(authority).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": {"server": url, "certificate-authority-data": data}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": user}}],
        "current-context": "local",
    }
    return json.dumps(config, indent=2) + "\n"
