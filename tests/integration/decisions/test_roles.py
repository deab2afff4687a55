"""Who may write which kind: training is the trainer's, the bar and what is served are the promoter's."""

from collections.abc import Callable

import pytest

from support.quickstart import deployment_spec, gate_spec, pack_spec, run_spec
from support.teamspace import Raw
from support.tricks import Trick, made

WRITES: dict[str, tuple[Raw, str]] = {
    "datasetpacks": (made("DatasetPack", "more", pack_spec("more")), "train"),
    "suites": (made("DatasetPack", "more", pack_spec("more", "Evaluation")), "gold"),
    "trainingruns": (made("TrainingRun", "more", run_spec(2)), "good"),
    "evalgates": (made("EvalGate", "more", gate_spec()), "gate"),
    "modeldeployments": (made("Deployment", "more", deployment_spec()), "live"),
}
"""Of each thing: another one, and the name of one that is there."""
TRAINS = {"datasetpacks", "trainingruns"}
BAR = {"suites", "evalgates", "modeldeployments"}
MAY = {
    "vera": set(),
    "nina": set(),
    "tess": TRAINS,
    "erin": TRAINS,
    "pat": BAR | {"datasetpacks"},
    "gail": TRAINS | BAR,
    "ada": TRAINS | BAR,
    "argo": TRAINS | BAR,
    "flux": TRAINS | BAR,
    "root": TRAINS | BAR,
}
UNNAMED = made("DatasetPack", "", pack_spec("x", "Evaluation"), generateName="x-")
NO_RIGHT = "cannot"
NO_SUITE = "may not update datasetpacks/suite of sluice.dev for"
BACKGROUND = {"propagationPolicy": "Background"}


def writes_of(who: str, thing: str) -> list[Trick]:
    """Create, change, delete, and delete all."""
    another, name = WRITES[thing]
    holds_kind = {"suites": "datasetpacks"}.get(thing, thing) in MAY[who]
    refusal = None if thing in MAY[who] else NO_SUITE if holds_kind else NO_RIGHT
    plural = thing.replace("suites", "datasetpacks")
    note = {"metadata": {"labels": {"team": "a"}}}
    return [
        Trick(who, f"POST {plural}", another, refusal),
        Trick(who, f"PATCH {plural}/{name}", note, refusal),
        Trick(who, f"DELETE {plural}/{name}", BACKGROUND, refusal),
    ]


TRICKS = [trick for who in MAY for thing in WRITES for trick in writes_of(who, thing)] + [
    # A suite neither becomes one nor stops being one.
    Trick("erin", "PATCH datasetpacks/train", {"spec": {"purpose": "Evaluation"}}, "purpose cannot change"),
    Trick("erin", "PATCH datasetpacks/gold", {"spec": {"purpose": "Train"}}, "purpose cannot change"),
    Trick("erin", "DELETE datasetpacks", BACKGROUND, NO_SUITE),
    Trick("erin", "POST datasetpacks", UNNAMED, NO_SUITE),
    Trick("gail", "PATCH datasetpacks/gold/status", {"status": {"phase": "x"}}, "cannot"),
    # A namespace ends with its suites, and what belonged to nobody is collected.
    Trick("namespace-controller", "DELETE datasetpacks/gold"),
    Trick("generic-garbage-collector", "DELETE datasetpacks/gold", BACKGROUND),
    Trick("vera", "GET modeldeployments"),
    Trick("nina", "GET modeldeployments", None, "cannot"),
    Trick("nina", "POST trainingruns", WRITES["trainingruns"][0], elsewhere=True),
    Trick("nina", "POST evalgates", WRITES["evalgates"][0], NO_RIGHT, elsewhere=True),
]


@pytest.mark.parametrize("trick", TRICKS, ids=str)
def test_who_trains_does_not_set_the_bar(attempt: Callable[[Trick], None], trick: Trick) -> None:
    attempt(trick)
