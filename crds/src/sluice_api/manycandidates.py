"""Many candidates on one suite: how they are counted, and what the confidence of a gate holds for."""

from typing import Annotated, Literal

from pydantic import Field

from sluice_api.base import ApiModel, Name


class Confidence(ApiModel):
    """What the confidence of the criteria holds for."""

    across: Literal["Candidate", "Suite"] = "Candidate"
    """Candidate: for each candidate alone; the more there are, the sooner one at the threshold passes by
    chance. Suite: for all candidates on a suite together; the n-th is judged at the error rate
    alpha 6 / (pi n)^2, where alpha is the criterion's own."""


class SuiteUse(ApiModel):
    """How many candidates a suite has judged."""

    suite: Name
    """Name of the suite."""
    candidate: Annotated[int, Field(ge=1, le=99_999_999)]
    """Number of this candidate among all that this gate judged on the suite's digest, from 1."""
