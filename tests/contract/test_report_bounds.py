"""Every report fits in a termination message, whatever a stage puts into it."""

import json
from types import NoneType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import Le, MaxLen
from pydantic import StringConstraints
from pydantic.fields import FieldInfo

from sluice_api.audit import Fold, HistoryItem, Live, Refusal, Rejection
from sluice_api.base import ApiModel
from sluice_api.common import UriDigest
from sluice_api.contracts.bytecount import Clip, RefBytes, clip, compact_json, json_bytes
from sluice_api.contracts.envelope import TERMINATION_MESSAGE_BYTES, Report, ReportFailure
from sluice_api.contracts.reports import RESULTS, CriterionOutcome, PackResult, score_text
from sluice_api.contracts.requests import LEDGER_BATCH_BYTES, PackRequest
from sluice_api.datasetpack import MOST_LETTERS_OF_LABELS, SplitCount
from support.auditchain import chain_of, link

DIGEST = "sha256:" + "a" * 64
TIME = "2026-12-31T23:59:59.999999Z"
LONGEST_BY_PATTERN = {
    r"^-?[01](\.[0-9]{1,6})?$": "-0.123456",
    r"^sha256:[0-9a-f]{64}$": DIGEST,
    r"^([0-9]+ [0-9]+(,[0-9]+ [0-9]+)*)?$": "1" * 46 + " 1",
}
ANNOTATION_BYTES = 256 * 1024
"""Most bytes of all annotations of an object."""
WORST_TEXT = '\x01\U0001f600"\\' * 500


def longest(field: Any) -> Any:
    """The value of a field that takes most bytes as JSON."""
    annotation, metadata = unwrap(field)
    if annotation is UriDigest:
        limits = [m.func.limit for m in metadata if isinstance(getattr(m, "func", None), RefBytes)]
        return UriDigest(uri="x" * limits[0], digest=DIGEST)
    if isinstance(annotation, type) and issubclass(annotation, ApiModel):
        return maximal(annotation)
    if get_origin(annotation) is tuple:
        count = next(m.max_length for m in metadata if isinstance(m, MaxLen))
        return tuple(longest(get_args(annotation)[0]) for _ in range(count))
    if get_origin(annotation) is Literal:
        return max(get_args(annotation), key=len)
    if annotation is int:
        return next(m.le for m in metadata if isinstance(m, Le))
    return longest_text(metadata)


def longest_text(metadata: list[Any]) -> str:
    if any(isinstance(m, Clip) for m in metadata):
        return WORST_TEXT
    rule = next(m for m in metadata if isinstance(m, StringConstraints) or hasattr(m, "pattern"))
    length = next((m.max_length for m in metadata if getattr(m, "max_length", None)), None)
    if rule.pattern in LONGEST_BY_PATTERN:
        return LONGEST_BY_PATTERN[rule.pattern]
    if rule.pattern.startswith("^[0-9]{4}-"):
        return TIME
    if rule.pattern.startswith("^-?(0|"):
        return "-123456.123456789e-12"
    assert length, rule
    return "a" * length


def unwrap(field: Any) -> tuple[Any, list[Any]]:
    """Annotation and metadata of a field or nested annotation, without its Optional."""
    if isinstance(field, FieldInfo):
        annotation, metadata = field.annotation, list(field.metadata)
    else:
        annotation, metadata = field, []
    while True:
        if hasattr(annotation, "__metadata__"):
            metadata += flat(annotation.__metadata__)
            annotation = annotation.__origin__
        elif get_origin(annotation) is Union or type(annotation).__name__ == "UnionType":
            (annotation,) = (a for a in get_args(annotation) if a is not NoneType)
        else:
            return annotation, flat(metadata)


def flat(metadata: Any) -> list[Any]:
    parts: list[Any] = []
    for item in metadata:
        parts += item.metadata if isinstance(item, FieldInfo) else [item]
    return parts


def maximal(model: type[ApiModel], **fixed: Any) -> Any:
    values = {name: longest(field) for name, field in model.model_fields.items() if name not in fixed}
    return model(**{**values, **fixed})


def report(stage: str, **outcome: Any) -> Report:
    return Report(
        stage=stage,  # type: ignore[arg-type]
        request_hash="a" * 64,
        folder="f" * 128,
        report_digest=DIGEST,
        started_at=TIME,
        finished_at=TIME,
        **outcome,
    )


CASES: dict[str, dict[str, Any]] = {
    **{stage: {} for stage in RESULTS},
    "pack": {"contradictions": None},
    "prepare": {"artifact": None},
    "ledger": {"mode": "Verify", "refused": ()},
}


@pytest.mark.parametrize("stage", RESULTS)
def test_the_largest_result_fits_in_a_termination_message(stage: str) -> None:
    result = maximal(RESULTS[stage], **CASES[stage])
    message = report(stage, result=result.dump()).encode()
    assert len(message) <= TERMINATION_MESSAGE_BYTES, len(message)
    parsed = Report.parse(json.loads(message))
    assert parsed.typed_result() == result


def test_a_report_of_adoption_fits_too() -> None:
    result = maximal(RESULTS["prepare"], tokens=None)
    assert len(report("prepare", result=result.dump()).encode()) <= TERMINATION_MESSAGE_BYTES


def test_a_report_of_inherited_refusals_fits_too() -> None:
    result = maximal(RESULTS["ledger"], mode="Inherit", findings=())
    assert len(report("ledger", result=result.dump()).encode()) <= TERMINATION_MESSAGE_BYTES


def test_the_longest_link_fits_in_a_request() -> None:
    many, text = 999_999_999, "\x01" * 1024
    slot, code = "s" * 63, "a" * 40
    moved = {"transition": many, "slot": slot, "revision": many, "digest": DIGEST}
    fold = Fold(
        live=Live(**moved, since=TIME),
        history=(HistoryItem(**moved, cause="clear-rollback", time=TIME),) * 20,
        refused=(Refusal(digest=DIGEST, revision=many, transition=many),) * 50,
        rejected=(Rejection(digest=DIGEST, revision=many, reason=code, message=text),) * 10,
    )
    longest_link = link(
        chain_of(1)[0], "c" * 64, actor="u" * 253, message=text, slot=slot, reason=code, fold=fold
    )
    assert len(compact_json(longest_link.dump())) + 1000 < LEDGER_BATCH_BYTES


def test_the_longest_labels_fit_in_a_request() -> None:
    letters = "\U0001f600"
    labels = [letters * 64] * (MOST_LETTERS_OF_LABELS // 64)
    source = {"name": "rows", "locator": f"s3://bucket/{'x' * 900}", "mapper": "LabelToClassification"}
    classification = {"labels": labels, "instruction": letters * 2000}
    request = PackRequest.parse(
        {
            "sources": [source | {"name": f"rows-{n}"} for n in range(16)],
            "task": "Classification",
            "classification": classification,
        }
    )
    assert len(compact_json(request.dump())) < ANNOTATION_BYTES * 3 // 4


@pytest.mark.parametrize("stage", RESULTS)
def test_the_largest_failure_fits_too(stage: str) -> None:
    message = report(stage, failure=maximal(ReportFailure)).encode()
    assert len(message) <= TERMINATION_MESSAGE_BYTES, len(message)


def test_a_report_of_an_evaluation_pack_fits_too() -> None:
    result = maximal(PackResult, splits=(maximal(SplitCount),), contamination="")
    assert result.contradictions is not None
    assert len(report("pack", result=result.dump()).encode()) <= TERMINATION_MESSAGE_BYTES


def test_a_refused_pack_says_why_and_how_many_and_fits() -> None:
    absent = {"digest": None, "manifest": None, "splits": (), "resolved": (), "ignored_keys": ()}
    result = maximal(PackResult, **absent, contamination="", contradictions=None)
    failure = maximal(ReportFailure, checkpoint=None)
    message = report("pack", result=result.dump(), failure=failure).encode()
    assert len(message) <= TERMINATION_MESSAGE_BYTES, len(message)


def test_only_a_refused_pack_has_both_failure_and_result() -> None:
    failure = ReportFailure(reason="stage_crashed", message="m")
    for stage, outcome in (("train", {"failure": failure, "result": {"steps": 1}}), ("train", {})):
        with pytest.raises(ValueError, match="a failure or a result"):
            report(stage, **outcome)


def test_text_is_cut_to_bytes_not_to_characters() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("\U0001f600" * 10, 11) == "\U0001f600\U0001f600..."
    assert json_bytes(clip(WORST_TEXT, 100)) <= 100
    assert clip("lone \ud800", 50) == "lone ?"


def test_an_outcome_is_one_line_and_comes_back_equal() -> None:
    outcome = CriterionOutcome(verdict="Inconclusive", reason="support_too_small", value="0.5", items=7)
    assert outcome.model_dump(mode="json") == "Inconclusive support_too_small 0.5 - - 7 -"
    for line in (outcome.model_dump(), "Pass passed 1 0.98 1 500 -"):
        assert CriterionOutcome.model_validate_json(json.dumps(line)).model_dump() == line
    for broken in ("Pass passed", "Pass passed nan - - 7 -", "Maybe passed - - - 7 -"):
        with pytest.raises(ValueError, match=r"outcome|Score|pattern|Input"):
            CriterionOutcome.model_validate_json(json.dumps(broken))


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (-0.0, "0"), (-1e-9, "0"), (0.1, "0.1"), (1 / 3, "0.333333")]
)
def test_scores_are_written_to_six_places(value: float, text: str) -> None:
    assert score_text(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1.01])
def test_what_is_no_share_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no share"):
        score_text(value)
