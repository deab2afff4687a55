"""A sample of `make kill`: the operator dies a dozen times in one quickstart, or sleeps through a switch."""

import os
import random

import pytest

from kill.life import Life, Stage, Told
from sluice_localcluster import ControlPlane
from support.kubeapi import KubeApi
from support.mortal_operator import Blow
from support.operator_process import OPERATOR

SEED = int(os.environ.get("SLUICE_TEST_SEED", "20260101"))
KILLED = -9
LEASE_LOST = 1
SWITCH = "patch Service selector transition"
CHAIN = (
    *(
        f"create {kind} {stage}"
        for stage in ("prepare of TrainingRun", "train of TrainingRun", "package of TrainingRun")
        for kind in ("Job", "ControllerRevision")
    ),
    *(
        f"create {kind} {stage}"
        for stage in ("evaluate of EvalGate", "judge of EvalGate")
        for kind in ("Job", "ControllerRevision")
    ),
    "create ControllerRevision verdict",
    "create ControllerRevision revision",
    "create Service",
    "create AppsDeployment",
    "create Job verify of Deployment",
    "create ControllerRevision verify of Deployment",
    "create ControllerRevision audit intended automatic",
    "create Service public",
    "patch AppsDeployment transition",
    SWITCH,
    "create ControllerRevision audit done automatic",
)
"""Writes that follow each other whatever the order of the others."""


KILLS = 12


@pytest.fixture(scope="module")
def stage(plane: ControlPlane, api: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(api, plane.kubeconfig_for(OPERATOR), tmp_path_factory.mktemp("kill"))


@pytest.fixture(scope="module")
def unbroken(stage: Stage) -> Told:
    """The quickstart, when nobody dies."""
    return Life(stage, "quickstart").tell()


def test_F01_an_operator_that_dies_again_and_again_comes_to_the_same_end(
    stage: Stage, unbroken: Told
) -> None:
    assert set(CHAIN) <= set(unbroken.writes)
    chance = random.Random(SEED)
    chosen = sorted(chance.sample(range(len(CHAIN)), KILLS))
    blows = [Blow(chance.choice(("before", "after")), "KILL", 1, CHAIN[number]) for number in chosen]
    told = Life(stage, "quickstart", blows, expected=unbroken.portrait).tell()
    assert told.ends == (KILLED,) * KILLS, f"seed {SEED}"


def test_F15_a_leader_that_slept_between_intent_and_switch_moves_nothing_when_it_wakes_up(
    stage: Stage, unbroken: Told
) -> None:
    blow = Blow("before", "STOP", 1, SWITCH)
    told = Life(stage, "quickstart", [blow], standby=True, expected=unbroken.portrait).tell()
    assert told.ends == (LEASE_LOST,)
    # Its write was on the way when it fell asleep, and the API server refused it.
    assert told.writes.count(SWITCH) == 1
