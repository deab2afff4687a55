"""Contamination of a suite: what a gate does about it, and how much there is."""

from typing import Annotated, Literal

from pydantic import Field

from sluice_api.base import ApiModel

ContaminationPolicy = Literal["Block", "Exclude", "Report"]
ItemCount = Annotated[int, Field(ge=0, le=99_999_999)]


class ContaminationCounts(ApiModel):
    """Items of all suites whose prompt stands in a pack that the candidate was trained on."""

    items: ItemCount = 0
    """Items of the suites, excluded ones included."""
    exact: ItemCount = 0
    """Items that were trained on as they are."""
    near: ItemCount = 0
    """Items that were trained on in another spelling: case, width, invisible signs, punctuation."""
    excluded: ItemCount = 0
    """Items that were left out of the verdict, for candidate and baseline alike."""
