"""An object with what belongs to it, told apart from what only bears its name."""

from collections.abc import Iterable, Iterator

from sluice_operator.model import (
    JobView,
    Orphan,
    PodView,
    Related,
    Resource,
    ServiceView,
    SliceView,
    SlotView,
)
from sluice_operator.views import StoredRecord, View, open_record


def family(resource: Resource, children: tuple[View, ...]) -> Related:
    """An object with its children, which are kept in their order."""
    views = [v for v in children if isinstance(v, PodView) or _is_owned(v, resource)]
    jobs = tuple(v for v in views if isinstance(v, JobView))
    services = tuple(v for v in views if isinstance(v, ServiceView))
    led = {service.meta.name for service in services}
    return Related(
        resource=resource,
        records=tuple(open_record(v) for v in views if isinstance(v, StoredRecord)),
        jobs=jobs,
        pods=_own_pods((v for v in views if isinstance(v, PodView)), jobs),
        slots=tuple(v for v in views if isinstance(v, SlotView)),
        services=services,
        slices=tuple(v for v in children if isinstance(v, SliceView) and v.service in led),
        orphans=tuple(_orphans(children)),
    )


def _is_owned(view: View, owner: Resource) -> bool:
    """Whether a child belongs to this very object, not to a namesake that was deleted before it."""
    return view.meta.owner is not None and view.meta.owner.uid == owner.meta.uid


def _orphans(views: Iterable[View]) -> Iterator[Orphan]:
    """Lasting children without any controller."""
    for view in views:
        if view.meta.owner is not None:
            continue
        if isinstance(view, StoredRecord):
            yield open_record(view)
        elif isinstance(view, SlotView | ServiceView):
            yield view


def _own_pods(pods: Iterable[PodView], jobs: tuple[JobView, ...]) -> tuple[PodView, ...]:
    """All Pods but those that only claim to be a Job's: its name is theirs, its UID is not."""
    uids = {job.meta.name: job.meta.uid for job in jobs}
    return tuple(p for p in pods if p.job not in uids or _owner_uid(p) == uids[p.job])


def _owner_uid(pod: PodView) -> str:
    return pod.meta.owner.uid if pod.meta.owner else ""
