"""Chat: does the reply equal the reference, and how many words do they share?"""

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sluice_api.metrics import EXACT_MATCH, TOKEN_F1
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.results import ItemResult
from sluice_trainer.evals.tasks.family import Family, mean_score

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """The normal form of SQuAD: lower case, no punctuation, no articles, single spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def token_f1(reply: str, reference: str) -> float:
    """Harmonic mean of precision and recall over words of the normal forms; empty equals only empty."""
    ours, theirs = normalise(reply).split(), normalise(reference).split()
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def score(row: Row, reply: str | None, labels: Sequence[str]) -> ItemResult:  # noqa: ARG001 - one signature
    """A call that failed is wrong, even where the reference is empty."""
    failed = reply is None
    text = reply or ""
    equal = not failed and normalise(text) == normalise(row.answer)
    return ItemResult(
        id=row.id,
        group=row.group,
        reference=row.answer,
        prediction=text,
        scores={
            EXACT_MATCH.name: float(equal),
            TOKEN_F1.name: 0.0 if failed else token_f1(text, row.answer),
        },
        failed=failed,
    )


def summarise(results: Sequence[ItemResult], labels: Sequence[str]) -> dict[str, Any]:  # noqa: ARG001
    """The two metrics."""
    return {"metrics": {metric.name: mean_score(results, metric) for metric in FAMILY.metrics}}


FAMILY = Family(metrics=(EXACT_MATCH, TOKEN_F1), score=score, summarise=summarise)
