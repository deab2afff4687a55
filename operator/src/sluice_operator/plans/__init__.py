"""Planners: one pure function per kind, from Observed to Plan.

A planner is a list of steps; read from top to bottom it tells the story of its kind. No I/O, no clock, no
randomness, no environment: import-linter and ruff see to it. Planners are total: a bad spec is a Plan, too.
"""

from collections.abc import Callable

from sluice_operator.model import Observed, Plan, ResourceKind
from sluice_operator.plans.datasetpack import plan_dataset_pack
from sluice_operator.plans.deployment import plan_deployment
from sluice_operator.plans.evalgate import plan_eval_gate
from sluice_operator.plans.trainingrun import plan_training_run

PLANNERS: dict[ResourceKind, Callable[[Observed], Plan]] = {
    "DatasetPack": plan_dataset_pack,
    "TrainingRun": plan_training_run,
    "EvalGate": plan_eval_gate,
    "Deployment": plan_deployment,
}
