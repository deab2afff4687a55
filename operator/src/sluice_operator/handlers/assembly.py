"""All parts of the operator, made from settings and put together. Nothing runs yet."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sluice_operator import metrics
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.coordination import Leases
from sluice_operator.adapters.cluster.events import Recorder
from sluice_operator.adapters.cluster.identity import TokenReviews
from sluice_operator.adapters.cluster.issuer import IssuerKeys
from sluice_operator.adapters.cluster.secrets import Secrets
from sluice_operator.adapters.cluster.transport import Transport
from sluice_operator.cache import Cache
from sluice_operator.gauges.book import Book
from sluice_operator.handlers.login import Login
from sluice_operator.handlers.ownloop import OwnLoop
from sluice_operator.handlers.resync import Resync
from sluice_operator.health import Health
from sluice_operator.intake import Intake
from sluice_operator.lease import Elector, Rhythm
from sluice_operator.observe import Observer
from sluice_operator.progress.board import Board
from sluice_operator.progress.reporters import Reporters
from sluice_operator.progress.server import ProgressEndpoint
from sluice_operator.queue import WakeQueue
from sluice_operator.reconcile import Planners, Reconciler
from sluice_operator.settings import Settings
from sluice_operator.workers import Workers


@dataclass(frozen=True)
class Parts:
    """What the operator is made of."""

    settings: Settings
    login: Login
    transport: Transport
    lease_transport: Transport
    cluster: Cluster
    cache: Cache
    intake: Intake
    resync: Resync
    observer: Observer
    workers: Workers
    elector: Elector
    lease_loop: OwnLoop
    health: Health
    progress: ProgressEndpoint
    secrets: Secrets

    @classmethod
    def assemble(cls, settings: Settings, planners: Planners, identity: str, kubeconfig: Path | None) -> Self:
        """Put everything together; needs a running loop."""
        login = Login(kubeconfig)
        transport = Transport(login, threads=settings.workers + 8)
        cluster, cache, queue, board = Cluster(transport), Cache(), WakeQueue(), Board()
        intake = Intake(cache, queue.wake)
        # Connections of its own: no crowd of other requests may keep the Lease from being renewed.
        lease_transport = Transport(login, threads=2)
        leases = Leases(lease_transport, settings.operator_namespace, settings.lease_name)
        rhythm = Rhythm(settings.lease_seconds, settings.lease_renew_seconds, settings.lease_retry_seconds)
        elector = Elector(leases, identity, rhythm)
        transport.fence = elector.check
        observer = Observer(cache, cluster, intake, settings, _now, board.shown)
        book = Book(cache.resource, board.heard)
        reconciler = Reconciler(observer, book.wrap(planners), cluster, intake, Recorder(transport, identity))
        # A TokenReview is a cluster-wide right, which an operator of some namespaces does not have.
        judge = IssuerKeys(transport) if settings.watch_namespaces else TokenReviews(transport)
        reporters = Reporters(cache, judge.pod_of)
        metrics.REGISTRY.register(metrics.ConditionCollector(cache.count_conditions, cache.count_objects))
        metrics.REGISTRY.register(book)
        return cls(
            settings=settings,
            login=login,
            transport=transport,
            lease_transport=lease_transport,
            cluster=cluster,
            cache=cache,
            intake=intake,
            resync=Resync(cluster, cache, intake, settings.watch_namespaces, settings.resync_seconds),
            observer=observer,
            workers=Workers(queue, reconciler.reconcile, settings.workers),
            elector=elector,
            lease_loop=OwnLoop("lease"),
            health=Health(),
            progress=ProgressEndpoint(reporters, board, queue.wake, _now, lambda: elector.is_leader),
            secrets=Secrets(transport, settings.operator_namespace),
        )

    def close(self) -> None:
        """End the threads that have nothing to do."""
        for transport in (self.transport, self.lease_transport):
            transport.close()
        self.lease_loop.close()


def _now() -> datetime:
    return datetime.now(UTC)
