"""How objects are written to the wire: the API server compares the bytes of a record's data."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sluice_operator.adapters.cluster.transport import encoded

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_bytes_are_those_that_the_api_server_would_write() -> None:
    body = {"b": [1, {"z": None, "a": "x < y & z > é"}], "a": "\u2028\n\U0001f600"}
    wanted = r'{"a":"\u2028\n😀","b":[1,{"a":"x \u003c y \u0026 z \u003e é","z":null}]}'
    assert encoded(body) == wanted.encode()


@given(st.dictionaries(st.text(), VALUES))
def test_nothing_is_lost_on_the_way(body: dict[str, object]) -> None:
    assert json.loads(encoded(body)) == body


def test_half_a_character_does_not_stop_a_write() -> None:
    assert encoded({"a": "half \ud83d"}) == b'{"a":"half ?"}'
