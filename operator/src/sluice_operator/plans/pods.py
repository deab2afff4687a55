"""What the Pods of a Job are doing: in one sentence, and whether they get any further."""

from sluice_api import reasons
from sluice_api.reasons import Reason
from sluice_operator.model import PodView

_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})


def describe_pods(pods: tuple[PodView, ...]) -> tuple[Reason, str]:
    """Reason and sentence for the newest Pod that lives; Pending when there is none yet."""
    alive = [p for p in pods if p.phase in ("Pending", "Running") and not p.meta.deleting]
    if not alive:
        return reasons.PENDING, "waiting for a Pod"
    pod = max(alive, key=lambda p: (p.meta.created_at, p.meta.name))
    if pod.phase == "Running":
        return reasons.RUNNING, f"Pod {pod.meta.name} runs"
    if not pod.scheduled and pod.schedule_message:
        return reasons.UNSCHEDULABLE, f"no node takes Pod {pod.meta.name}: {pod.schedule_message}"
    if pod.waiting_reason in _PULL:
        text = f"the image of Pod {pod.meta.name} cannot be pulled: {pod.waiting_message}"
        return reasons.IMAGE_PULL_FAILED, text
    if pod.waiting_reason == "CreateContainerConfigError":
        return reasons.DEPENDENCY_UNAVAILABLE, f"Pod {pod.meta.name} waits: {pod.waiting_message}"
    return reasons.PENDING, f"Pod {pod.meta.name} starts"


def is_alive(pod: PodView) -> bool:
    """Whether it still holds, or may yet take, what a Pod of the next attempt needs."""
    return pod.phase in ("Pending", "Running")
