"""A Kubernetes control plane on loopback ports, for tests: no root, several side by side.

Real etcd, API server and controllers; no kubelet, so Pods stay as tests set them.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from sluice_localcluster import binaries, components
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
from sluice_localcluster.components import Component, Plane, Ports
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.paths import own_folder
from sluice_localcluster.pki import Authority, CertificateRequest
from sluice_localcluster.ports import PortLease
from sluice_localcluster.probe import answers, wait_until
from sluice_localcluster.process import Processes

_READY_SECONDS = 120.0  # a busy machine is slow, not broken
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
    _write_private(plane.folder / "tokens.csv", render_token_file(secret, everyone))
    for user in everyone:
        write_kubeconfig(plane, user, plane.kubeconfig_of(user))
    write_kubeconfig(plane, ADMIN, plane.folder / "kubeconfig")


def write_kubeconfig(plane: Plane, user: User, path: Path) -> None:
    """Write the kubeconfig of one user."""
    path.parent.mkdir(exist_ok=True)
    token = token_for(load_secret(plane.folder / "token-secret"), user.name)
    authority = (plane.pki / "ca.crt").read_bytes()
    _write_private(path, render_kubeconfig(plane.url, authority, user.name, token))


def start_and_wait(processes: Processes, component: Component) -> float:
    """Start a component unless it runs, and wait for its probe; returns the seconds waited."""
    if processes.find(component.name) is None:
        processes.start(component.name, component.argv, component.extra_env)
    return wait_ready(processes, component)


def wait_ready(processes: Processes, component: Component) -> float:
    """Wait for the component's probe; its death ends the wait with the end of its log."""

    def check_alive() -> None:
        if processes.find(component.name) is None:
            raise LocalClusterError(processes.describe_death(component.name))

    def is_ready() -> bool:
        return answers(component.probe_url, component.ready_codes)

    return wait_until(component.name, is_ready, _READY_SECONDS, check_alive)


def run_kubectl(binary: Path, kubeconfig: Path, arguments: tuple[str, ...], stdin: str) -> str:
    """Run kubectl and return its output; a failure carries what kubectl said."""
    argv = [str(binary / "kubectl"), f"--kubeconfig={kubeconfig}", *arguments]
    env = {**os.environ, "KUBECACHEDIR": str(kubeconfig.parent / "kubectl-cache")}
    result = subprocess.run(
        argv, input=stdin, capture_output=True, text=True, check=False, env=env
    )
    if result.returncode != 0:
        raise LocalClusterError(f"kubectl {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


class ControlPlane:
    """A running control plane; use it as a context manager, or call `start` and `stop`.

    `users` are token users beside `admin`. Whoever was killed before `stop` can make a
    `ControlPlane` of the same `workdir` and stop that.
    """

    def __init__(
        self,
        workdir: Path | str,
        *,
        audit: bool = True,
        scheduler: bool = False,
        users: Iterable[User] = (),
    ) -> None:
        self.workdir = Path(workdir).absolute()
        self._audit = audit
        self._scheduler = scheduler
        self._users = list(users)
        self._lease = PortLease()
        self._processes = Processes(self.workdir)
        self._plane = Plane(self.workdir, Path())

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.workdir / "kubeconfig"

    @property
    def url(self) -> str:
        """The API server's address."""
        return self._plane.url

    @property
    def ca_file(self) -> Path:
        """The authority that signed the API server's certificate."""
        return self._plane.pki / "ca.crt"

    @property
    def token(self) -> str:
        """The administrator's bearer token."""
        return self.token_of(ADMIN.name)

    @property
    def audit_log(self) -> Path:
        """One JSON line for each request that is not get, list or watch."""
        return self._plane.audit_log

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Start everything and return when controllers work (a namespace has its account)."""
        binary_folder = binaries.ensure(binaries.KUBERNETES)
        own_folder(self.workdir)
        self._processes.stop_rest()
        take = self._lease.take
        self._plane = Plane(
            self.workdir,
            binary_folder,
            ports=Ports(take(), take(), take(), take(), take()),
            audit=self._audit,
        )
        try:
            self._start_all()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End every process that was started for `workdir`, by whomever; files stay."""
        for name in ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"):
            self._processes.stop(name, grace_seconds=2.0)
        self._processes.stop_rest()
        self._lease.close()
        shutil.rmtree(self.workdir / "etcd", ignore_errors=True)

    def kubectl(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002
        """Run kubectl as administrator and return its output; raises when it fails."""
        return run_kubectl(self._plane.binaries, self.kubeconfig, arguments, input or "")

    def token_of(self, user: str) -> str:
        """Return the bearer token of a user that was given at the start or added later."""
        return token_for(load_secret(self.workdir / "token-secret"), user)

    def kubeconfig_for(self, user: str, token: str | None = None) -> Path:
        """Write and return a kubeconfig for `user`, with a token of your own if given."""
        path = self.workdir / "kubeconfigs" / user.replace(":", "-")
        authority = self.ca_file.read_bytes()
        text = render_kubeconfig(self.url, authority, user, token or self.token_of(user))
        _write_private(path, text)
        return path

    def service_account_token(self, namespace: str, name: str) -> str:
        """Return a short-lived token of a service account (TokenRequest)."""
        return self.kubectl("create", "token", name, f"--namespace={namespace}").strip()

    def add_user_token(self, user: str, groups: Iterable[str] = ()) -> str:
        """Make a token user and return its token.

        The API server reads its token file only when it starts, so it is restarted;
        users given to the constructor cost nothing.
        """
        self._users.append(User(user, tuple(groups)))
        self._write_files()
        self.restart_apiserver()
        return self.token_of(user)

    def restart_apiserver(self) -> None:
        """Stop the API server, start it on the same port, and wait until it is ready."""
        self.stop_apiserver()
        self.start_apiserver()

    def stop_apiserver(self) -> None:
        """Stop the API server alone: an outage."""
        self._processes.stop("kube-apiserver", grace_seconds=2.0)

    def start_apiserver(self) -> None:
        """Start the API server again and wait until it is ready."""
        start_and_wait(self._processes, components.apiserver(self._plane))

    def _start_all(self) -> None:
        self._write_files()
        start_and_wait(self._processes, components.etcd(self._plane))
        self.start_apiserver()
        rest = [components.controller_manager(self._plane)]
        if self._scheduler:
            rest.append(components.scheduler(self._plane))
        for component in rest:
            self._processes.start(component.name, component.argv)
        for component in rest:
            wait_ready(self._processes, component)
        wait_until("the default service account", self._has_account, _READY_SECONDS, _never)

    def _write_files(self) -> None:
        write_plane_files(self._plane, self._users, (self._plane.address,))

    def _has_account(self) -> bool:
        found = self.kubectl("get", "serviceaccounts", "--namespace=default", "--output=json")
        return bool(json.loads(found)["items"])


def _never() -> None:
    """Nothing can end this wait early."""


def _write_private(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(path)
