"""What can be said against a pack before anything is read."""

from sluice_api import reasons
from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.readers import format_of
from sluice_trainer.data.vocabulary import check_listed


def check_request(request: PackRequest) -> None:
    """Raise InputWrong for the first fault."""
    for source in request.sources:
        _check_source(source, request)
    if request.classification is not None:
        check_listed(request.classification)


def _check_source(source: Source, request: PackRequest) -> None:
    if source.mapper == "LabelToClassification" and request.classification is None:
        raise InputWrong(
            reasons.INVALID_SPEC,
            f"source {source.name}: mapper LabelToClassification needs task Classification, "
            f"with labels and instruction; the task is {request.task}",
        )
    if source.mapper == "ChatMessages" and format_of(source) == "CSV":
        raise InputWrong(
            reasons.INVALID_SPEC,
            f"source {source.name}: mapper ChatMessages needs a list of turns in each row, which CSV cannot "
            "hold; give the rows as JSON Lines, or use mapper LabelToClassification",
        )
