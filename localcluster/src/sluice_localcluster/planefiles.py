"""The control plane's files: keys, certificates, tokens, kubeconfigs and audit policy.

Everything is derived from what lies in the folder already, so writing again changes
nothing for who is connected. Arguments are `components.py`'s.
"""

from collections.abc import Iterable
from pathlib import Path

from sluice_localcluster import components
from sluice_localcluster.access import (
    ADMIN,
    CONTROLLER_MANAGER,
    SCHEDULER,
    User,
    load_secret,
    render_kubeconfig,
    render_token_file,
    token_for,
)
from sluice_localcluster.components import Plane
from sluice_localcluster.pki import Authority, CertificateRequest

_SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


def write_plane_files(plane: Plane, users: Iterable[User], addresses: tuple[str, ...]) -> None:
    """Write keys, certificates, tokens, kubeconfigs and audit policy below the plane's folder."""
    authority = Authority(plane.pki)
    authority.signing_key("service-accounts")
    server = CertificateRequest("kube-apiserver", "", _SERVER_NAMES, addresses)
    authority.issue("apiserver", server)
    authority.issue("kubelet-client", CertificateRequest("kubelet-client", "system:masters"))
    (plane.folder / "audit-policy.yaml").write_text(components.AUDIT_POLICY)
    secret = load_secret(plane.folder / "token-secret")
    everyone = (ADMIN, CONTROLLER_MANAGER, SCHEDULER, *users)
    write_private(plane.folder / "tokens.csv", render_token_file(secret, everyone))
    for user in everyone:
        write_kubeconfig(plane, user, plane.kubeconfig_of(user))
    write_kubeconfig(plane, ADMIN, plane.folder / "kubeconfig")


def write_kubeconfig(plane: Plane, user: User, path: Path) -> None:
    """Write the kubeconfig of one user."""
    path.parent.mkdir(exist_ok=True)
    token = token_for(load_secret(plane.folder / "token-secret"), user.name)
    authority = (plane.pki / "ca.crt").read_bytes()
    write_private(path, render_kubeconfig(plane.url, authority, user.name, token))


def write_private(path: Path, text: str) -> None:
    """Replace a file that only this user may read."""
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(path)
