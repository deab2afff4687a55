"""A Kubernetes control plane on loopback ports, for tests: no root, several side by side.

Real etcd, API server and controllers; no kubelet, so Pods stay as tests set them.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Self

from sluice_localcluster import binaries, components
from sluice_localcluster.access import ADMIN, User, load_secret, render_kubeconfig, token_for
from sluice_localcluster.components import Plane, Ports
from sluice_localcluster.kubectl import run_kubectl
from sluice_localcluster.paths import own_folder
from sluice_localcluster.planefiles import write_plane_files, write_private
from sluice_localcluster.ports import PortLease
from sluice_localcluster.probe import wait_until
from sluice_localcluster.process import Processes
from sluice_localcluster.startup import READY_SECONDS, start_and_wait, wait_ready


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
        self.stop()
        self._plane = Plane(
            self.workdir,
            binary_folder,
            ports=Ports(*(self._lease.take() for _ in fields(Ports))),
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
        write_private(path, text)
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
        wait_until("the default service account", self._has_account, READY_SECONDS)

    def _write_files(self) -> None:
        write_plane_files(self._plane, self._users, (self._plane.address,))

    def _has_account(self) -> bool:
        found = self.kubectl("get", "serviceaccounts", "--namespace=default", "--output=json")
        return bool(json.loads(found)["items"])
