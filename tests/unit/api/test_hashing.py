"""Canonical JSON: order and white space never count, null and defaults of models neither."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api.evalgate import Criterion
from sluice_api.hashing import canonical_json, content_hash, digest_of, digest_of_bytes
from sluice_api.trainingrun import Adapter

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(JSON)
def test_the_order_of_keys_does_not_count(value: Any) -> None:
    assert content_hash(value) == content_hash(reordered(value))


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (None, {}), ([1, 2], [2, 1]), ("", None), (0, False)])
def test_different_values_have_different_hashes(one: Any, other: Any) -> None:
    assert content_hash(one) != content_hash(other)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_has_no_hash(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"loss": number})


def test_models_lose_null_and_default_fields() -> None:
    assert canonical_json(Adapter()) == b"{}"
    assert canonical_json(Adapter(rank=8)) == b'{"rank":8}'
    gate = Criterion(suite="s", metric="m", operator="LessOrEqual", value="1", min_support=None)
    assert b"minSupport" not in canonical_json(gate)


def test_digests_name_their_algorithm() -> None:
    assert digest_of("x") == f"sha256:{content_hash('x')}"
    assert digest_of_bytes(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
