"""Whether a gate asks other questions now than those that what is live was judged on.

A suite is part of the bar. One that is deleted and made again under its name is another one, and nothing but
its digest says so.
"""

from collections.abc import Iterable, Iterator

from sluice_api.evalgate import SuiteDigest
from sluice_operator import raw
from sluice_operator.facts.live import live, revision
from sluice_operator.model import Observed, Related

Suites = Iterable[SuiteDigest]


def since_live(observed: Observed, now: Suites) -> str:
    """What changed since the models were judged that are live by this gate; empty when nothing did."""
    gate = observed.me.resource.meta.name
    told = []
    for user in observed.users:
        if raw.text(user.resource.spec, "gateRef", "name") == gate:
            name = user.resource.meta.name
            told += [f"what Deployment {name} serves was judged on {words}" for words in _others(now, user)]
    return "; ".join(told)


def between(before: Suites, now: Suites) -> str:
    """What changed from the suites of one verdict to those of another."""
    return ", ".join(
        f"suite {name} is {new[:19]}, it was {old[:19]}" for name, old, new in _changed(before, now)
    )


def _others(now: Suites, user: Related) -> Iterator[str]:
    current = live(user)
    record = revision(user, current.revision) if current else None
    if record is None:
        return
    for name, old, new in _changed(record.sealed_verdict.suite_digests, now):
        yield f"suite {name} {old[:19]}, which is {new[:19]} now"


def _changed(before: Suites, now: Suites) -> Iterator[tuple[str, str, str]]:
    known = {suite.suite: suite.digest for suite in before}
    for suite in now:
        if known.get(suite.suite, suite.digest) != suite.digest:
            yield suite.suite, known[suite.suite], suite.digest
