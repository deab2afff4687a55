"""`kubectl sluice audit` on a real API server with an archive: a clean chain holds, each edit is located."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sluice_api.audit import AuditRecord
from sluice_api.crdgen.files import CHECKOUT
from sluice_api.hashing import canonical_json
from sluice_api.layout import audit_key
from sluice_api.records import StageRecord
from sluice_localcluster import ControlPlane
from sluice_operator.children import records
from sluice_operator.kinds import WATCHED
from sluice_operator.views import view_of
from sluice_plugin.__main__ import main
from sluice_store.auditlog import put_link
from sluice_store.local import LocalStore
from support.auditchain import chain_of, link
from support.kubeapi import KubeApi
from support.quickstart import deployment_spec
from support.teamspace import Raw, Teamspace

NAME = "live"
LENGTH = 24
Answer = tuple[int, dict[str, Any]]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane")) as running:
        for file in sorted((CHECKOUT / "crds").glob("*.yaml")):
            running.kubectl("create", "-f", str(file))
        running.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        yield running


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Chain:
    """A chain that is whole in a namespace and in an archive, until a test tears it."""

    space: Teamspace
    store: LocalStore
    deployment: Raw
    links: list[AuditRecord]

    @classmethod
    def make(cls, plane: ControlPlane, folder: Path, length: int) -> "Chain":
        space = Teamspace.make(KubeApi(plane))
        deployment = space.add("Deployment", NAME, deployment_spec())
        chain = deployment["metadata"]["uid"]
        made = cls(space, LocalStore(folder), deployment, list(chain_of(length, chain, time=now())))
        for record in made.links:
            made.create(record)
            put_link(made.store, NAME, record)
        made.archived(length)
        return made

    def create(self, record: AuditRecord | StageRecord, name: str = "") -> None:
        owner = view_of("Deployment", self.deployment)
        name = name or records.audit_name(NAME, record.sequence)  # type: ignore[union-attr]
        body = records.record(owner, name, record)  # type: ignore[arg-type]
        answer = self.space.api.call("POST", WATCHED["ControllerRevision"].path(self.space.name), body)
        assert answer.code == 201, answer.message

    def archived(self, number: int) -> None:
        """The stage record that says how far the archive goes."""
        told = {
            "mode": "Archive",
            "sequence": number,
            "headHash": self.links[number - 1].hash,
            "links": number,
        }
        record = StageRecord(
            stage="ledger",
            request_hash="0" * 64,
            attempt=1,
            outcome="Succeeded",
            reason="stage_succeeded",
            report=told,
            started_at=now(),
            finished_at=now(),
        )
        self.create(record, f"{NAME}-ledger-00000000-1")

    def remove(self, number: int) -> None:
        name = records.audit_name(NAME, number)
        self.space.delete("ControllerRevision", name)
        self.space.wait(f"{name} is gone", lambda: self.space.find("ControllerRevision", name) is None)

    def key(self, number: int) -> str:
        return audit_key(NAME, self.links[0].chain, number)


@dataclass
class Plugin:
    plane: ControlPlane
    capsys: pytest.CaptureFixture[str]

    def verify(self, chain: Chain, *more: str) -> Answer:
        arguments = [*self._common(chain), "-o", "json", *more]
        code = main(["audit", "verify", NAME, *arguments])
        return code, json.loads(self.capsys.readouterr().out)

    def text(self, chain: Chain, *verb: str) -> tuple[int, str]:
        code = main(["audit", *verb, NAME, *self._common(chain)])
        return code, self.capsys.readouterr().out

    def _common(self, chain: Chain) -> list[str]:
        root = chain.store.root.as_uri()
        return ["-n", chain.space.name, "--kubeconfig", str(self.plane.kubeconfig), "--root", root]


@pytest.fixture
def plugin(plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> Plugin:
    return Plugin(plane, capsys)


Located = list[tuple[str, str, int]]
Edit = Callable[[Chain, random.Random], Located]


def changed(chain: Chain, chance: random.Random) -> Located:
    number = chance.randint(1, LENGTH - 1)
    chain.remove(number)
    fields = {"message": "nothing happened", "actor": "somebody", "reason": "promoted", "cause": "repair"}
    field = chance.choice(sorted(fields))
    chain.create(chain.links[number - 1].model_copy(update={field: fields[field]}))
    return [("Edit", "cluster", number)]


def removed(chain: Chain, chance: random.Random) -> Located:
    number = chance.randint(LENGTH - 15, LENGTH - 1)
    chain.remove(number)
    return [("Gap", "cluster", number)]


def head_removed(chain: Chain, chance: random.Random) -> Located:
    chain.remove(LENGTH)
    return [("CutTail", "cluster", LENGTH)]


def created_again(chain: Chain, chance: random.Random) -> Located:
    number = chance.randint(1, LENGTH - 1)
    chain.remove(number)
    time.sleep(3)
    chain.create(chain.links[number - 1])
    return [("Edit", "cluster", number)]


def head_replaced(chain: Chain, chance: random.Random) -> Located:
    chain.remove(LENGTH)
    chain.create(link(chain.links[-2], chain.links[0].chain, message="another end", time=now()))
    return [("Edit", "cluster", LENGTH)]


def forked(chain: Chain, chance: random.Random) -> Located:
    """A link that is nobody's yet: both stories go on from the same head."""
    chain.create(link(chain.links[-1], chain.links[0].chain, message="one end", time=now()))
    put_link(chain.store, NAME, link(chain.links[-1], chain.links[0].chain, message="another", time=now()))
    return [("Fork", "cluster", LENGTH + 1)]


def archive_changed(chain: Chain, chance: random.Random) -> Located:
    number = chance.randint(1, LENGTH)
    data = bytearray(chain.store.read(chain.key(number)))
    at = chance.randrange(len(data))
    data[at] = data[at] ^ 1
    chain.store.write(chain.key(number), bytes(data))
    return [("Edit", "archive", number)]


def archive_rewritten(chain: Chain, chance: random.Random) -> Located:
    number = chance.randint(1, LENGTH)
    other = chain.links[number - 1].model_copy(update={"message": "nothing happened"})
    chain.store.write(chain.key(number), canonical_json(other))
    return [("Edit", "archive", number)]


def archive_holed(chain: Chain, chance: random.Random) -> Located:
    number = chance.randint(1, LENGTH - 1)
    chain.store.delete(chain.key(number))
    return [("Gap", "archive", number)]


def archive_cut(chain: Chain, chance: random.Random) -> Located:
    number = chance.randint(2, LENGTH)
    for n in range(number, LENGTH + 1):
        chain.store.delete(chain.key(n))
    return [("CutTail", "archive", number)]


EDITS: tuple[Edit, ...] = (
    changed,
    removed,
    head_removed,
    created_again,
    head_replaced,
    forked,
    archive_changed,
    archive_rewritten,
    archive_holed,
    archive_cut,
)


@pytest.mark.parametrize("seed", range(30))
def test_each_edit_is_found_and_located(
    plane: ControlPlane, plugin: Plugin, tmp_path: Path, seed: int
) -> None:
    chain = Chain.make(plane, tmp_path, LENGTH)
    edit = EDITS[seed % len(EDITS)]
    expected = edit(chain, random.Random(seed))
    code, answer = plugin.verify(chain)
    found = [(f["kind"], f["where"], f["sequence"]) for f in answer["findings"]]
    assert (code, answer["intact"], found) == (1, False, expected), edit.__name__


def test_a_clean_chain_of_1000_links_is_proven_in_five_seconds_of_cpu(
    plane: ControlPlane, plugin: Plugin, tmp_path: Path
) -> None:
    chain = Chain.make(plane, tmp_path, 1000)
    begin = time.process_time()
    code, answer = plugin.verify(chain)
    seconds = time.process_time() - begin
    assert (code, answer["intact"], answer["findings"]) == (0, True, [])
    assert (answer["cluster"]["links"], answer["archive"]["links"]) == (1000, 1000)
    assert answer["cluster"]["headHash"] == answer["archive"]["headHash"] == chain.links[-1].hash
    assert seconds < 5, seconds


def test_each_place_can_be_looked_at_alone(plane: ControlPlane, plugin: Plugin, tmp_path: Path) -> None:
    chain = Chain.make(plane, tmp_path, LENGTH)
    archive_rewritten(chain, random.Random(1))
    assert plugin.verify(chain, "--cluster-only")[0] == 0
    assert plugin.verify(chain, "--archive-only")[0] == 1
    removed(chain, random.Random(1))
    assert plugin.verify(chain, "--cluster-only")[0] == 1


def test_people_read_what_is_wrong_and_what_was_done(
    plane: ControlPlane, plugin: Plugin, tmp_path: Path
) -> None:
    chain = Chain.make(plane, tmp_path, 3)
    code, text = plugin.text(chain, "verify")
    assert code == 0
    assert f"The audit chain {chain.links[0].chain} of live holds." in text
    chain.store.delete(chain.key(3))
    code, text = plugin.text(chain, "verify")
    assert code == 1
    assert "CutTail at 3 (archive): link 3 is missing" in text
    code, text = plugin.text(chain, "log")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()] == ["1", "2", "3"]
    assert "system:sluice" in text
    chain.remove(1)
    assert len(plugin.text(chain, "log")[1].splitlines()) == 2
    assert len(plugin.text(chain, "log", "--archive")[1].splitlines()) == 3


def test_a_deployment_without_a_chain_says_so(
    plane: ControlPlane, plugin: Plugin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = Teamspace.make(KubeApi(plane))
    chain = Chain(space, LocalStore(tmp_path), space.add("Deployment", NAME, deployment_spec()), [])
    assert main(["audit", "verify", NAME, *plugin._common(chain)]) == 1
    assert "has no audit chain yet" in capsys.readouterr().err
    assert main(["audit", "verify", "nobody", *plugin._common(chain)]) == 1
    assert "there is no Deployment nobody" in capsys.readouterr().err
