"""LabelToClassification: a text and one label; the conversation asks for the label and gets it."""

from typing import Any

from sluice_api.datasetpack import Classification, Source
from sluice_trainer.data.mappers.example import ChatMessage, Example
from sluice_trainer.data.mappers.keys import ignored_columns, unsupported_in_table
from sluice_trainer.data.mappers.labels import checked_label
from sluice_trainer.data.rejected import RejectedRow, found


def map_label_to_classification(
    row: dict[str, Any], source: Source, classification: Classification | None
) -> Example | RejectedRow:
    """Instruction and text as the user's turn, the label as the answer."""
    if classification is None:
        raise ValueError("the mapper LabelToClassification needs a classification")
    used = (source.column("text"), source.column("label"))
    text, label = (row.get(column) for column in used)
    if not isinstance(text, str) or not text.strip():
        return RejectedRow("missing_text", _missing(used[0], row))
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    if not isinstance(label, str) or not label.strip():
        return RejectedRow("missing_label", _missing(used[1], row))
    checked = checked_label(label, classification)
    if isinstance(checked, RejectedRow):
        return checked
    if (fault := unsupported_in_table(row, used)) is not None:
        return fault
    question = ChatMessage(role="user", content=classification_prompt(classification, text))
    answer = ChatMessage(role="assistant", content=checked)
    return Example((question, answer), checked, tuple(ignored_columns(row, used)))


def _missing(column: str, row: dict[str, Any]) -> str:
    if column in row:
        return f"{found(column)} is {found(row[column])}, wanted text"
    keys = ", ".join(found(key) for key in list(row)[:5])
    return f"no key {found(column)}; the row has {keys or 'no keys'}"


def classification_prompt(classification: Classification, text: str) -> str:
    """What the model is asked about a text."""
    labels = ", ".join(classification.labels)
    return f"{classification.instruction.replace('{labels}', labels)}\n\n{text}"
