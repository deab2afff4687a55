"""Every metric by a worked example."""

import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.tasks import FAMILIES, chat, classification

LABELS = ("billing", "network", "network hardware", "other")


def row(answer: str, label: str | None = None) -> Row:
    turns = (ChatMessage(role="user", content="?"), ChatMessage(role="assistant", content=answer))
    return Row("id", "group", turns, label, "source", 1)


REPLIES = [
    ("billing", "billing"),
    ("billing", "billing please"),
    ("billing", "network"),
    ("billing", "no idea"),
    ("network", "network"),
    ("network", "network"),
    ("network", "billing"),
    ("network hardware", "network hardware"),
    ("network hardware", "network"),
    ("network hardware", "network hardware"),
    ("billing", "other"),
    ("network", "the network, and not a word more"),
]


def test_E05_twelve_rows_equal_scikit_learn() -> None:
    results = [classification.score(row(right, right), reply, LABELS) for right, reply in REPLIES]
    told = classification.summarise(results, LABELS)
    truth = [right for right, _ in REPLIES]
    found = [result.predicted_label or "none" for result in results]
    asked = sorted(set(truth))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, found, labels=asked, zero_division=0
    )
    assert told["metrics"]["accuracy"] == sum(t == f for t, f in zip(truth, found, strict=True)) / 12
    assert told["metrics"]["macro_f1"] == pytest.approx(f1.mean(), abs=1e-12)
    assert told["metrics"]["unparseable_rate"] == 1 / 12
    for place, name in enumerate(asked):
        expected = {"precision": precision, "recall": recall, "f1": f1, "support": support}
        assert told["perClass"][name] == pytest.approx({k: v[place] for k, v in expected.items()})
    matrix = confusion_matrix(truth, found, labels=[*LABELS, "none"])[:-1]
    assert told["confusion"] == {"labels": list(LABELS), "counts": matrix.tolist()}


def test_a_confusion_matrix_that_nobody_reads_is_left_out() -> None:
    many = tuple(f"label-{n}" for n in range(21))
    result = classification.score(row("label-3", "label-3"), "label-3", many)
    assert classification.summarise([result], many)["confusion"] is None
    assert classification.summarise([result], many[:20])["confusion"] is not None


def test_a_failed_call_is_wrong_and_unparseable() -> None:
    result = classification.score(row("other", "other"), None, LABELS)
    assert (result.failed, result.scores) == (True, {"accuracy": 0.0, "unparseable_rate": 1.0})


@pytest.mark.parametrize(
    ("reply", "reference", "exact", "f1"),
    [
        ("The Eiffel Tower!", "eiffel tower", 1.0, 1.0),
        ("in the year 1889", "1889", 0.0, 0.5),
        ("a cat sat on the mat", "the cat sat", 0.0, 2 * 2 / (4 + 2)),
        ("Denver  Broncos", "denver broncos.", 1.0, 1.0),
        ("no", "yes", 0.0, 0.0),
        ("", "yes", 0.0, 0.0),
        ("", "the", 0.0, 0.0),
        ("-", "+", 0.0, 0.0),
        ("The", "the", 1.0, 1.0),
        ("cat cat cat", "cat", 0.0, 0.5),
    ],
)
def test_E06_squad_em_and_f1_follow_squad(reply: str, reference: str, exact: float, f1: float) -> None:
    scores = chat.score(row(reference), reply, ()).scores
    assert (scores["squad_em"], scores["squad_f1"]) == pytest.approx((exact, f1))


@pytest.mark.parametrize(
    ("reference", "reply", "exact", "normalized"),
    [
        ("-7", "7", 0, 0),
        ("3.14", "314", 0, 0),
        ("2/3", "23", 0, 0),
        ("1:30", "130", 0, 0),
        ("x<y", "x>y", 0, 0),
        ("+", "-", 0, 0),
        ("C++", "C", 0, 0),
        ("A", "", 0, 0),
        ("Don't", "Don\N{RIGHT SINGLE QUOTATION MARK}t", 0, 1),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}t", "e\N{COMBINING ACUTE ACCENT}t", 1, 1),
        ("東京", "東京\N{IDEOGRAPHIC FULL STOP}", 0, 1),
        ("12", "１２", 0, 1),
        ("Paris", " Paris\n", 1, 1),
        ("Paris", "paris.", 0, 1),
    ],
)
def test_what_counts_as_a_match(reference: str, reply: str, exact: int, normalized: int) -> None:
    scores = chat.score(row(reference), reply, ()).scores
    assert (scores["exact_match"], scores["normalized_match"]) == (exact, normalized)


def test_a_failed_call_is_wrong_even_for_an_empty_reference() -> None:
    result = chat.score(row(""), None, ())
    assert (result.failed, set(result.scores.values())) == (True, {0.0})


def test_every_family_yields_exactly_its_metrics() -> None:
    for task, family in FAMILIES.items():
        result = family.score(row("billing", "billing"), "billing", LABELS)
        assert set(family.summarise([result], LABELS)["metrics"]) == {m.name for m in family.metrics}
        assert all(metric.task == task for metric in family.metrics)
