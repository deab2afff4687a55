"""The stages: one module each, with `run(request, ctx) -> Output`. `fetch` and its kind return None.

Inside a stage: prepare (pure) -> do -> describe (pure). Modules are imported when they run, because only some
of them need torch.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from sluice_trainer.context import Context, Output

STAGES: dict[str, str] = {
    "pack": "sluice_trainer.stages.pack",
    "prepare": "sluice_trainer.stages.prepare",
    "train": "sluice_trainer.stages.train",
    "package": "sluice_trainer.stages.package",
    "evaluate": "sluice_trainer.stages.evaluate",
    "judge": "sluice_trainer.stages.judge",
    "verify": "sluice_trainer.stages.verify",
    "ledger": "sluice_trainer.stages.ledger",
    "fetch": "sluice_trainer.stages.fetch",
}


def load(stage: str) -> Callable[[Any, Context], Output | None]:
    """The run function of a stage."""
    run: Callable[[Any, Context], Output | None] = import_module(STAGES[stage]).run
    return run
