"""The label of a row: one of the task's, or any well-formed one while the rows say what labels there are."""

from sluice_api.datasetpack import MOST_LABEL_LETTERS, Classification
from sluice_api.text import has_controls
from sluice_trainer.data.rejected import RejectedRow, found


def checked_label(label: str, classification: Classification) -> str | RejectedRow:
    """The label as it stands, or why it is none."""
    if has_controls(label):
        return RejectedRow("invalid_label", f"the label {found(label)} holds a control character")
    if len(label) > MOST_LABEL_LETTERS:
        long = (
            f"the label {found(label)} has {len(label)} characters, at most {MOST_LABEL_LETTERS} are allowed"
        )
        return RejectedRow("invalid_label", long)
    # Without labels yet, the rows are being asked for them.
    if not classification.labels or label in classification.labels:
        return label
    return RejectedRow("label_not_allowed", _not_allowed(label, classification))


def _not_allowed(label: str, classification: Classification) -> str:
    plain = label.strip().casefold()
    alike = next((one for one in classification.labels if one.strip().casefold() == plain), None)
    hint = f"; {found(alike)} differs in case or spaces only" if alike is not None else ""
    return f"{found(label)} is none of the {len(classification.labels)} labels{hint}"
