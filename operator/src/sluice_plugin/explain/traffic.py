"""What explain says of a Deployment beside its conditions: pin, holds, refusals, requests, drift. Pure."""

from collections.abc import Iterator

from sluice_api import reasons
from sluice_api.audit import Fold
from sluice_api.decisions import ANNOTATIONS, read_request
from sluice_operator import raw
from sluice_operator.model import Resource
from sluice_plugin.console import short
from sluice_plugin.explain.finding import Finding, mark_of, told


def traffic_lines(deployment: Resource) -> Iterator[str]:
    """What takes traffic, what is on its way, what was before."""
    roles = (("active", "serves"), ("candidate", "prepares"), ("previous", "keeps, to go back to,"))
    for role, verb in roles:
        found = raw.mapping(deployment.status, role)
        if found:
            run = raw.text(found, "runRef", "name")
            told_as = f"run {run}, revision {raw.integer(found, 'revision')}"
            yield f"{verb} {told_as}, {short(raw.text(found, 'digest'))} since {raw.text(found, 'since')}"
    if not raw.mapping(deployment.status, "active"):
        yield "serves nothing yet"


def traffic_findings(deployment: Resource, fold: Fold) -> Iterator[Finding]:
    """All that somebody decided or that keeps a model out."""
    yield from _spec(deployment)
    yield from _holds(deployment)
    yield from _kept_out(deployment)
    yield from _requests(deployment, fold)
    yield from _drift(deployment)


def _spec(deployment: Resource) -> Iterator[Finding]:
    promotion = raw.mapping(deployment.spec, "promotion")
    if pin := raw.text(promotion, "pin"):
        yield Finding(
            "note", "pin", "", f"{short(pin)} shall be live; only what a person asks for comes before it"
        )
    if raw.text(promotion, "policy") == "Manual":
        yield Finding("note", "policy", reasons.MANUAL_PROMOTION.camel, "only people promote here")
    for window in raw.items(promotion, "windows"):
        days = ", ".join(str(d) for d in window.get("days") or ()) or "every day"
        zone = raw.text(window, "timeZone") or "UTC"
        hours = f"{raw.text(window, 'start')} {zone} for {raw.integer(window, 'durationSeconds')} s"
        yield Finding("note", "window", "", f"{days} from {hours}")
    if soak := raw.integer(promotion, "soakSeconds"):
        yield Finding("note", "soak", "", f"a candidate is watched for {soak} s before it takes traffic")


def _holds(deployment: Resource) -> Iterator[Finding]:
    told_already = {raw.text(c, "reason") for c in raw.items(deployment.status, "conditions")}
    for hold in raw.items(deployment.status, "holds"):
        reason = raw.text(hold, "reason")
        if reason not in told_already:
            yield told(mark_of(reason), "hold", reason, raw.text(hold, "message"))


def _kept_out(deployment: Resource) -> Iterator[Finding]:
    for refused in raw.items(deployment.status, "refused"):
        what = short(raw.text(refused, "digest"))
        revision = raw.integer(refused, "revision")
        only = f" in revision {revision}" if revision else ""
        message = f"{what}{only} was rolled back; kubectl sluice clear-rollback lets it in again"
        yield Finding("note", "refused", "", message)
    for rejected in raw.items(deployment.status, "rejected"):
        message = f"{short(raw.text(rejected, 'digest'))}: {raw.text(rejected, 'message')}"
        yield Finding("note", "rejected", raw.text(rejected, "reason"), message)


def _requests(deployment: Resource, fold: Fold) -> Iterator[Finding]:
    spent = {s.id for s in fold.spent}
    for decision, annotation in ANNOTATIONS.items():
        text = deployment.meta.annotations.get(annotation)
        if not text:
            continue
        try:
            asked = read_request(decision, text)
        except ValueError as error:
            yield told("bad", decision, reasons.REQUEST_MALFORMED.camel, str(error))
            continue
        message = f"{short(asked.digest)} asked by {asked.user}"
        if asked.id in spent:
            yield Finding("good", decision, "", f"{message}; answered")
        else:
            yield told("busy", decision, reasons.REQUEST_WAITING.camel, f"{message}; not answered yet")


def _drift(deployment: Resource) -> Iterator[Finding]:
    drift = raw.mapping(deployment.status, "drift")
    if not drift:
        return
    verdict = raw.text(drift, "verdict")
    scores = f"{raw.text(drift, 'score') or '?'} now, {raw.text(drift, 'baseline') or '?'} at promotion"
    row = raw.integer(drift, "consecutiveFailures")
    message = f"{verdict} at {raw.text(drift, 'lastCheckTime')}: {scores}; {row} bad in a row"
    yield Finding("good" if verdict == "Good" else "note", "drift", "", message)
