"""How a record becomes an example: one module per mapper, and the table of them.

A mapper takes what is there or rejects the row with a stable code; it never repairs, and white space is data.
To add one: a module with a function like its neighbours, a line in MAPPERS, and a test row per code.
"""

from collections.abc import Callable
from typing import Any, Final

from sluice_api.datasetpack import Classification, Source
from sluice_trainer.data.mappers.chat_messages import map_chat_messages
from sluice_trainer.data.mappers.example import Example
from sluice_trainer.data.mappers.label_to_classification import map_label_to_classification
from sluice_trainer.data.rejected import RejectedRow

Map = Callable[[dict[str, Any], Source, Classification | None], Example | RejectedRow]

MAPPERS: Final[dict[str, Map]] = {
    "ChatMessages": map_chat_messages,
    "LabelToClassification": map_label_to_classification,
}
"""Name of a mapper, as the API has it -> the mapper."""
