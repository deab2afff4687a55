"""LabelToClassification: a text and one label; the conversation asks for the label and gets it."""

from typing import Any, Final

from sluice_api.datasetpack import Classification, Source
from sluice_trainer.data.mappers.example import ChatMessage, Example, Rejected

MISSING_TEXT: Final = Rejected("missing_text")
MISSING_LABEL: Final = Rejected("missing_label")
LABEL_NOT_ALLOWED: Final = Rejected("label_not_allowed")


def map_label_to_classification(
    row: dict[str, Any], source: Source, classification: Classification | None
) -> Example | Rejected:
    """Instruction and text as the user's turn, the label as the answer."""
    if classification is None:
        raise ValueError("the mapper LabelToClassification needs a classification")
    text, label = row.get(source.column("text")), row.get(source.column("label"))
    if not isinstance(text, str) or not text.strip():
        return MISSING_TEXT
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    if not isinstance(label, str) or not label.strip():
        return MISSING_LABEL
    if label not in classification.labels:
        return LABEL_NOT_ALLOWED
    question = ChatMessage(role="user", content=classification_prompt(classification, text))
    return Example((question, ChatMessage(role="assistant", content=label)), label)


def classification_prompt(classification: Classification, text: str) -> str:
    """What the model is asked about a text."""
    labels = ", ".join(classification.labels)
    return f"{classification.instruction.replace('{labels}', labels)}\n\n{text}"
