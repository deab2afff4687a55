"""Task families: how a reply is scored, and what a suite's scores add up to. One file per family.

To add a family: a module with `FAMILY`, a line in `FAMILIES`, and its metrics in `sluice_api.metrics`.
"""

from sluice_api.datasetpack import Task
from sluice_trainer.evals.tasks import chat, classification
from sluice_trainer.evals.tasks.family import Family

FAMILIES: dict[Task, Family] = {"Chat": chat.FAMILY, "Classification": classification.FAMILY}
