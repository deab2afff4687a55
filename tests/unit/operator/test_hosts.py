"""Hosts that a storage profile allows reach the one stage that reads sources, and change no other Pod."""

import json
from datetime import UTC, datetime

import pytest

from sluice_api.contracts.envelope import Envelope
from sluice_api.contracts.requests import FetchRequest
from sluice_api.hashing import digest_of
from sluice_operator.children.jobs import Ask, job
from sluice_operator.model import Meta, Resource
from support.quickstart import SETTINGS

OWNER = Resource("DatasetPack", Meta("rows", "team", "u1", "1", datetime(2026, 1, 1, tzinfo=UTC)), {}, {})


@pytest.mark.parametrize(
    ("stage", "hosts", "told"),
    [("pack", ("a.internal",), ("a.internal",)), ("pack", (), None), ("train", ("a.internal",), None)],
)
def test_only_packs_are_told_of_hosts(
    stage: str, hosts: tuple[str, ...], told: tuple[str, ...] | None
) -> None:
    storage = SETTINGS.storage[0].model_copy(update={"https_hosts": hosts})
    request = FetchRequest.parse(
        {"artifact": {"uri": "a", "digest": digest_of("a")}, "destination": "/model"}
    )
    ask = Ask(stage=stage, request=request, profile=SETTINGS.compute[0], storage=storage)  # type: ignore[arg-type]
    made = job(OWNER, ask, 1, SETTINGS, report_only=False, seconds_left=None, progress_ca_pem="")
    text = made["spec"]["template"]["metadata"]["annotations"]["sluice.dev/request"]
    envelope = Envelope.parse(json.loads(text))
    assert envelope.https_hosts == told
    assert storage.store("team") == SETTINGS.storage[0].store("team")
