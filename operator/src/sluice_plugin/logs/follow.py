"""Shows logs: one attempt, or from an attempt on until the object is finished."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from sluice_operator import raw
from sluice_operator.adapters.cluster.errors import Invalid, NotFound
from sluice_operator.model import PodView, Related, Resource
from sluice_plugin.errors import Refused
from sluice_plugin.logs.attempts import Attempt, Wanted, attempts_in, pick
from sluice_plugin.logs.lines import container_of, gone_lines, has_log, record_lines, waiting_line

POLL_SECONDS = 1.0


class Source(Protocol):
    """Where objects and logs come from."""

    def related(self) -> Related | None:
        """The object with its children, as they are now."""

    def log(self, pod: str, container: str, *, follow: bool) -> Iterator[str]:
        """Lines of a container's log. Raises ApiError."""


def show(source: Source, wanted: Wanted, say: Callable[[str], None], *, previous: bool) -> None:
    """Show one attempt as it is now."""
    attempt = pick(_attempts(source), wanted, previous=previous)
    printer = Printer(source, say)
    if not attempt.pods:
        printer.tell(attempt, gone_lines(attempt))
    for pod in attempt.pods:
        printer.log(attempt, pod, follow=False)


def follow(
    source: Source, wanted: Wanted, say: Callable[[str], None], wait: Callable[[float], None] = time.sleep
) -> bool:
    """Show the newest attempt and all that come after it; whether the object ended well."""
    printer, begin = Printer(source, say), ""
    while True:
        related = _related(source)
        chosen = wanted.of(attempts_in(related))
        if chosen and not begin:
            begin = chosen[-1].name
        names = [a.name for a in chosen]
        for attempt in chosen[names.index(begin) if begin in names else 0 :]:
            printer.go_on(attempt)
        if is_over(related) or (wanted.number is not None and chosen and chosen[-1].record is not None):
            return not raw.holds({"status": related.resource.status}, "Stalled")
        if not chosen:
            printer.once(_standing(related.resource))
        wait(POLL_SECONDS)


@dataclass
class Printer:
    """Remembers what was shown."""

    source: Source
    say: Callable[[str], None]
    _shown: set[str] = field(default_factory=set)
    _last: str = ""

    def go_on(self, attempt: Attempt) -> None:
        """Show what is new of an attempt, and wait for the end of what it says."""
        for pod in attempt.pods:
            if pod.meta.uid not in self._shown and has_log(pod):
                self._shown.add(pod.meta.uid)
                self.log(attempt, pod, follow=True)
            elif pod.meta.uid not in self._shown:
                self.once(f"{attempt.label} | {waiting_line(pod)}")
        if attempt.record is not None and attempt.name not in self._shown:
            self._shown.add(attempt.name)
            self.tell(attempt, record_lines(attempt.record) if attempt.pods else gone_lines(attempt))

    def log(self, attempt: Attempt, pod: PodView, *, follow: bool) -> None:
        """Show the log of one Pod."""
        self.tell(attempt, iter((f"Pod {pod.meta.name}",)))
        if not has_log(pod):
            self.tell(attempt, iter((waiting_line(pod),)))
            return
        try:
            for line in self.source.log(pod.meta.name, container_of(attempt, pod), follow=follow):
                self.say(f"{attempt.label} | {line}")
        except (Invalid, NotFound) as error:
            # The Pod went, or its container never began: whatever its record tells comes by itself.
            self.tell(attempt, iter((f"no log: {error.message}",)))

    def tell(self, attempt: Attempt, lines: Iterator[str]) -> None:
        """Say something about an attempt that did not come from its Pod."""
        for line in lines:
            self.say(f"{attempt.label} # {line}")

    def once(self, text: str) -> None:
        """Say something unless it was said last."""
        if text != self._last:
            self.say(text)
            self._last = text


def is_over(related: Related) -> bool:
    """Whether no further attempt is to be expected: finished, or at rest."""
    found = {"status": related.resource.status}
    if raw.integer(found, "status", "observedGeneration") < related.resource.meta.generation:
        return False
    if related.resource.kind in ("DatasetPack", "TrainingRun"):
        return raw.holds(found, "Finished")
    at_work = any(job.outcome == "Active" for job in related.jobs)
    return not at_work and (raw.holds(found, "Ready") or raw.holds(found, "Stalled"))


def _attempts(source: Source) -> tuple[Attempt, ...]:
    related = _related(source)
    found = attempts_in(related)
    if not found:
        raise Refused(_standing(related.resource))
    return found


def _related(source: Source) -> Related:
    related = source.related()
    if related is None:
        raise Refused("the object does not exist, or was deleted")
    return related


def _standing(resource: Resource) -> str:
    ready = raw.condition({"status": resource.status}, "Ready")
    why = ": ".join(filter(None, (raw.text(ready, "reason"), raw.text(ready, "message"))))
    return (
        f"no stage of {resource.kind} {resource.meta.name} has begun; {why or 'the operator has not seen it'}"
    )
