"""The models and the real API server with the generated CRDs give the same answer to every spec."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sluice_api.base import Name
from sluice_api.kinds import KINDS
from support.kubeapi import Answer, KubeApi
from support.randomspecs import MUTATIONS, Sample, samples
from support.userobjects import object_of, spec_of

SEED = 20260101
PER_KIND = 250
THREADS = 4


def handed_out(value: Any) -> Any:
    """JSON as the API server hands it out: fields that are null are gone."""
    if isinstance(value, dict):
        return {key: handed_out(item) for key, item in value.items() if item is not None}
    return [handed_out(item) for item in value] if isinstance(value, list) else value


def models_say(sample: Sample) -> str:
    """Empty when the models accept, else their complaint."""
    try:
        TypeAdapter(Name).validate_python(sample.name)
        KINDS[sample.kind].spec.parse(handed_out(sample.spec))
    except ValidationError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def answers(api: KubeApi) -> list[tuple[Sample, Answer]]:
    all_samples = [s for kind in KINDS for s in samples(kind, PER_KIND, SEED)]
    with ThreadPoolExecutor(THREADS) as pool:
        said = pool.map(lambda s: api.create(s.kind, object_of(s.kind, s.spec, s.name)), all_samples)
        return list(zip(all_samples, said, strict=True))


def test_1000_specs_get_the_same_answer(answers: list[tuple[Sample, Answer]]) -> None:
    differ = [
        (sample, answer.message, complaint)
        for sample, answer in answers
        for complaint in [models_say(sample)]
        if answer.accepted is bool(complaint)
    ]
    assert not differ, f"{len(differ)} differ, first:\n" + "\n".join(map(str, differ[:5]))
    assert len(answers) == 1000


def test_accepted_specs_get_the_models_defaults(answers: list[tuple[Sample, Answer]]) -> None:
    for sample, answer in answers:
        if answer.accepted:
            mine = KINDS[sample.kind].spec.parse(handed_out(sample.spec)).dump()
            theirs = answer.body["spec"]
            assert KINDS[sample.kind].spec.parse(theirs).dump() == mine
            assert theirs.keys() == mine.keys()


def test_the_specs_are_no_walkover(answers: list[tuple[Sample, Answer]]) -> None:
    accepted = Counter(sample.kind for sample, answer in answers if answer.accepted)
    assert all(PER_KIND * 0.2 <= accepted[kind] <= PER_KIND * 0.8 for kind in KINDS), accepted
    refused_by = {sample.made_by for sample, answer in answers if not answer.accepted}
    assert refused_by >= {m.__name__ for m in MUTATIONS}


def test_a_whole_float_never_reaches_a_model_as_a_float(api: KubeApi) -> None:
    """The API server takes 1.0 for 1, unless a rule reads the field; the models are always strict."""
    accepted = api.create("Deployment", object_of("Deployment", spec_of("Deployment", replicas=2.0)))
    assert accepted.accepted
    assert repr(accepted.body["spec"]["replicas"]) == "2"
    refused = api.create(
        "DatasetPack", object_of("DatasetPack", spec_of("DatasetPack", split={"testPercent": 1.0}))
    )
    assert "spec.split: " in refused.message
    assert not refused.accepted
