"""Evaluation packs that a training pack is compared with: resolved before packing, counted afterwards."""

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.reports import PackResult
from sluice_api.contracts.requests import CheckedPack
from sluice_api.datasetpack import ContaminationAgainst, DatasetPackSpec, PackContamination
from sluice_operator import raw
from sluice_operator.facts.failures import not_ready
from sluice_operator.facts.pack import RETRY_LIMIT, pack_facts
from sluice_operator.model import Observed
from sluice_operator.plans.draft import Stop, stop_of

_FIELD = "spec.contaminationAgainst"


def checked_packs(observed: Observed, spec: DatasetPackSpec) -> tuple[CheckedPack, ...] | Stop:
    """The packs by their digests, or what is missing. Purposes are looked at first, so that no pack waits for
    one that waits for it."""
    for checked in spec.contamination_against:
        unusable = _unusable(observed, checked.dataset_ref.name)
        if unusable is not None:
            return unusable
    found: list[CheckedPack] = []
    for checked in spec.contamination_against:
        pack = _resolved(observed, checked)
        if isinstance(pack, Stop):
            return pack
        found.append(pack)
    return tuple(found)


def _unusable(observed: Observed, name: str) -> Stop | None:
    related = observed.find("DatasetPack", name)
    if name == observed.me.resource.meta.name:
        message = f"{_FIELD}: DatasetPack {name} names itself; name packs of purpose Evaluation"
        return Stop("Stalled", reasons.REFERENCE_UNUSABLE, message)
    purpose = raw.text(related.resource.spec, "purpose") or "Train" if related else "Evaluation"
    if purpose == "Evaluation":
        return None
    message = f"{_FIELD}: DatasetPack {name} has purpose {purpose}; name one of purpose Evaluation"
    return Stop("Stalled", reasons.REFERENCE_UNUSABLE, message)


def _resolved(observed: Observed, checked: ContaminationAgainst) -> CheckedPack | Stop:
    name = checked.dataset_ref.name
    related = observed.find("DatasetPack", name)
    if related is None:
        message = f"{_FIELD}: DatasetPack {name} does not exist"
        return Stop("Stalled", reasons.REFERENCE_NOT_FOUND, message)
    facts = pack_facts(related)
    if facts is None:
        return stop_of(not_ready(related, RETRY_LIMIT, f"{_FIELD}:"))
    dataset = UriDigest(uri=facts.manifest.uri, digest=facts.digest)
    return CheckedPack(name=name, dataset=dataset, action=checked.action)


def contamination(observed: Observed, result: PackResult) -> tuple[PackContamination, ...]:
    """What a pack shares with each of the packs that it names, as far as the report has room for."""
    try:
        named = DatasetPackSpec.parse(observed.me.resource.spec).contamination_against
    except ValueError:
        return ()
    counts = [pair.split(" ") for pair in result.contamination.split(",") if pair]
    return tuple(
        PackContamination(
            dataset=checked.dataset_ref.name, action=checked.action, exact=int(exact), near=int(near)
        )
        for checked, (exact, near) in zip(named, counts, strict=False)
    )
