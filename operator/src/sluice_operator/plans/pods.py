"""What the Pods of a Job are doing: in one sentence, and whether they get any further."""

import re

from sluice_api import reasons
from sluice_api.reasons import Reason
from sluice_operator.model import PodView

_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_NO_SECRET = re.compile(r"secret \"([^\"]+)\" not found", re.IGNORECASE)
_NO_KEY = re.compile(r"find key ([^ ]+) in Secret ([^ /]+)/([^ /,:]+)", re.IGNORECASE)
_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
REFUSED_MAX = 500
"""Letters of what the cluster says of a Pod that it refuses."""


def describe_pods(pods: tuple[PodView, ...], refusal: str = "") -> tuple[Reason, str]:
    """Reason and sentence for the newest Pod that lives; Pending when there is none yet.

    `refusal`: what the cluster says of a Pod that it does not let in.
    """
    alive = [p for p in pods if p.phase in ("Pending", "Running") and not p.meta.deleting]
    if not alive and refusal:
        return reasons.POD_REFUSED, f"the cluster refuses its Pod: {refusal[:REFUSED_MAX]}"
    if not alive:
        return reasons.PENDING, "waiting for a Pod"
    return _describe(max(alive, key=lambda p: (p.meta.created_at, p.meta.name)))


def _describe(pod: PodView) -> tuple[Reason, str]:
    if pod.phase == "Running":
        return reasons.RUNNING, f"Pod {pod.meta.name} runs"
    if not pod.scheduled and pod.schedule_message:
        return reasons.UNSCHEDULABLE, f"no node takes Pod {pod.meta.name}: {pod.schedule_message}"
    if pod.waiting_reason in _PULL:
        text = f"the image of Pod {pod.meta.name} cannot be pulled: {pod.waiting_message}"
        return reasons.IMAGE_PULL_FAILED, text
    if pod.waiting_reason == "CreateContainerConfigError":
        return _misses_something(pod)
    return reasons.PENDING, f"Pod {pod.meta.name} starts"


def _misses_something(pod: PodView) -> tuple[Reason, str]:
    """A Secret of the storage profile that is missing, or lacks a key, is what a person must create."""
    said, namespace = pod.waiting_message, pod.meta.namespace
    secret, key = _NO_SECRET.search(said), _NO_KEY.search(said)
    if secret is not None:
        wanted = f"create Secret {secret[1]} in namespace {namespace} with keys {_KEYS}"
        return reasons.SECRET_MISSING, f"Pod {pod.meta.name} cannot start: {said}; {wanted}"
    if key is not None:
        wanted = f"give Secret {key[3]} in namespace {key[2]} the key {key[1]}"
        return reasons.SECRET_MISSING, f"Pod {pod.meta.name} cannot start: {said}; {wanted}"
    return reasons.DEPENDENCY_UNAVAILABLE, f"Pod {pod.meta.name} waits: {said}"


def is_alive(pod: PodView) -> bool:
    """Whether it still holds, or may yet take, what a Pod of the next attempt needs."""
    return pod.phase in ("Pending", "Running")
