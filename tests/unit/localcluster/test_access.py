"""Tokens and kubeconfigs."""

import base64
import csv
import json

from sluice_localcluster.access import (
    ADMIN,
    User,
    node_user,
    render_kubeconfig,
    render_token_file,
    token_for,
)

SECRET = b"0" * 32


def test_a_user_keeps_its_token_and_shares_it_with_nobody() -> None:
    assert token_for(SECRET, "alice") == token_for(SECRET, "alice")
    assert token_for(SECRET, "alice") != token_for(SECRET, "bob")
    assert token_for(SECRET, "alice") != token_for(b"1" * 32, "alice")


def test_the_token_file_names_user_and_groups() -> None:
    text = render_token_file(SECRET, (ADMIN, User("alice", ("red", "blue")), User("carl")))
    rows = list(csv.reader(text.splitlines()))
    assert [row[1:] for row in rows] == [
        ["admin", "admin", "system:masters"],
        ["alice", "alice", "red,blue"],
        ["carl", "carl", ""],
    ]
    assert rows[1][0] == token_for(SECRET, "alice")


def test_a_node_is_known_to_the_node_authorizer() -> None:
    assert node_user("one") == User("system:node:one", ("system:nodes",))


def test_a_kubeconfig_needs_no_other_file() -> None:
    config = json.loads(render_kubeconfig("https://127.0.0.1:1", b"PEM", "alice", "secret"))
    cluster = config["clusters"][0]["cluster"]
    assert base64.b64decode(cluster["certificate-authority-data"]) == b"PEM"
    assert cluster["server"] == "https://127.0.0.1:1"
    assert config["users"] == [{"name": "alice", "user": {"token": "secret"}}]
    assert config["current-context"] == config["contexts"][0]["name"]
