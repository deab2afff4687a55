"""Redaction: a secret appears in no line, however deep it lies and however it is quoted."""

import json
import logging
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sluice_api.redaction import HIDDEN, LENGTH_MIN, Redactor, is_secret_name, secrets_of
from sluice_operator.logs import JsonFormatter as OperatorFormatter
from sluice_trainer.report.log import JsonFormatter as TrainerFormatter

ODD = [
    'quo"ted-value',
    "apo'strophe-value",
    "line\nbreak-value",
    "back\\slash-value",
    "tab\tvalue-x",
    "ümlaut-☃-x",
]
VALUES = st.text(st.characters(codec="utf-8"), min_size=LENGTH_MIN, max_size=40).filter(
    lambda s: s.strip() == s
)


def nested(secret: str) -> dict[str, Any]:
    """One secret in every place of a value."""
    return {
        "plain": secret,
        "in text": f"before {secret} after",
        "list": ["x", {"deep": (secret, {secret})}],
        "bytes": secret.encode(),
        "object": ValueError(secret),
        secret: 1,
    }


@pytest.mark.parametrize("secret", ODD)
def test_a_known_secret_is_hidden_before_it_is_encoded(secret: str) -> None:
    line = json.dumps(Redactor.of([secret]).value(nested(secret)))
    for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], secret.splitlines()[-1]):
        assert form not in line
    assert line.count(HIDDEN) == 7


@settings(max_examples=200)
@given(VALUES)
def test_no_known_secret_survives(secret: str) -> None:
    assume(secret not in str(nested("")) and secret not in HIDDEN)
    line = json.dumps(Redactor.of([secret]).value(nested(secret)), ensure_ascii=False)
    assert json.dumps(secret, ensure_ascii=False)[1:-1] not in line


@pytest.mark.parametrize("secret", [*ODD, "short"])
@pytest.mark.parametrize(
    "field",
    [
        "password",
        "AWS_SECRET_ACCESS_KEY",
        "sessionToken",
        "HF_TOKEN",
        "Authorization",
        "apiKey",
        "client_secret",
    ],
)
def test_what_a_name_says_is_secret_is_hidden(field: str, secret: str) -> None:
    found = {
        "env": {field: secret},
        "variables": [{"name": field, "value": secret}],
        "headers": [(field, secret)],
        "inner": {field: {"a": [secret]}},
    }
    assert secret not in str(Redactor().value(found))
    assert field in str(Redactor().value(found))


@pytest.mark.parametrize("secret", ODD)
@pytest.mark.parametrize("text", ["{}", "settings: {}", "failed with {} there"])
def test_what_python_printed_is_hidden(text: str, secret: str) -> None:
    told = Redactor()(text.format({"name": "x", "password": secret, "other": 1}))
    assert secret.split("\n", maxsplit=1)[-1][-8:] not in told
    assert "'other': 1" in told


@pytest.mark.parametrize(
    "text",
    [
        'password="a b-value" and more',
        "password: 'a\nb-value'",
        "-----BEGIN EC PRIVATE KEY-----\nabc-value\n-----END EC PRIVATE KEY-----",
        'export SECRET=x"y-value',
        "AWS4-HMAC-SHA256 Credential=AKIA/us-value, Signature=b-value",
    ],
)
def test_quotes_and_line_breaks_end_no_secret(text: str) -> None:
    assert "value" not in Redactor()(text)


@pytest.mark.parametrize(
    "field",
    ["secretName", "ledgerSecretName", "TOKEN_PATH", "tokens", "answerTokens", "eos_token", "key", "name"],
)
def test_what_only_sounds_secret_stays(field: str) -> None:
    assert not is_secret_name(field)
    assert Redactor().value({field: "readable"}) == {field: "readable"}


@pytest.mark.parametrize(
    "text", ["tokens: 512", "secretName: sluice-s3 is missing", "3 tokens=4", "s3://bucket/secret/path"]
)
def test_what_only_looks_secret_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_a_value_that_holds_itself_ends() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    assert json.dumps(Redactor().value(loop))


def test_long_texts_take_no_time_to_speak_of() -> None:
    assert len(Redactor()("a1b2-" * 100_000)) == 500_000


def test_the_environment_says_what_is_secret() -> None:
    environment = {
        "AWS_SECRET_ACCESS_KEY": "/starts+with+a+slash",
        "TOKEN_FILE": "/run/token",
        "HOME": "/root",
    }
    assert secrets_of(environment) == ["/starts+with+a+slash"]


@pytest.mark.parametrize("secret", ODD)
@pytest.mark.parametrize("formatter", [OperatorFormatter(), None])
def test_no_line_of_a_log_holds_one(formatter: logging.Formatter | None, secret: str) -> None:
    formatter = formatter or TrainerFormatter(Redactor(), {"stage": "pack"})
    record = logging.LogRecord("x", logging.INFO, "f", 1, "said %s", ({"password": secret},), None)
    record.settings = record.facts = {"storage": [{"env": {"HF_TOKEN": secret}}]}
    line = formatter.format(record)
    assert json.dumps(secret)[1:-1] not in line
    assert secret.splitlines()[-1] not in line
    assert json.loads(line)["message"] == f"said {{'password': {HIDDEN}}}"
