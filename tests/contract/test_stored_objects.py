"""Objects as earlier versions stored them: they must parse, and the API server must take them back.

Fixtures hold every field of their version. They are added to, never edited.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sluice_api.kinds import KINDS
from support.kubeapi import KubeApi

STORED = {p.stem: json.loads(p.read_text()) for p in (Path(__file__).parent / "stored").glob("*.json")}


def test_every_kind_is_stored() -> None:
    assert {obj["kind"] for obj in STORED.values()} == KINDS.keys()


@pytest.mark.parametrize("name", STORED)
def test_a_stored_object_parses_and_loses_nothing(name: str) -> None:
    obj = STORED[name]
    kind = KINDS[obj["kind"]]
    assert kind.spec.parse(obj["spec"]).dump() == obj["spec"]
    assert kind.status.parse(obj["status"]).dump() == obj["status"]


@pytest.mark.parametrize("name", STORED)
def test_the_api_server_takes_a_stored_object_back(api: KubeApi, name: str) -> None:
    obj: dict[str, Any] = STORED[name]
    made = api.create(obj["kind"], obj, query="fieldValidation=Strict")
    assert made.accepted, made.message
    written = api.replace_status(obj["kind"], made.body | {"status": obj["status"]})
    api.delete(obj["kind"], obj["metadata"]["name"])
    assert written.accepted, written.message
    assert written.body["spec"] == obj["spec"]
    assert written.body["status"] == obj["status"]


@pytest.mark.parametrize("name", STORED)
def test_fixtures_hold_every_field_of_the_status(name: str) -> None:
    obj = STORED[name]
    fields = {f.alias for f in KINDS[obj["kind"]].status.model_fields.values()}
    assert fields - obj["status"].keys() <= {"failure"}
