"""The proof of an audit chain: each single change is found, and found where it was made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api.audit import AuditRecord
from sluice_api.auditcheck import Copy, Kept, check
from support.auditchain import CHAIN, chain_of, link

LENGTH = 12
WHOLE = chain_of(LENGTH)
HEAD = {LENGTH: WHOLE[-1].hash}


def copies(links: tuple[AuditRecord, ...]) -> dict[int, Copy]:
    return {r.sequence: Copy(r.sequence, r.hash, r) for r in links}


COPIES = copies(WHOLE)


def kept(where: str, found: dict[int, Copy], first: int = 1, last: int = LENGTH) -> Kept:
    return Kept(where, tuple(found.values()), first, last)  # type: ignore[arg-type]


def edited(number: int) -> Copy:
    record = WHOLE[number - 1].model_copy(update={"message": "nothing happened"})
    return Copy(number, record.hash, record)


def places(found: tuple[object, ...]) -> list[tuple[str, str, int]]:
    return [(f.kind, f.where, f.sequence) for f in found]  # type: ignore[attr-defined]


def test_a_whole_chain_is_clean_alone_and_beside_its_archive() -> None:
    assert check(CHAIN, [kept("cluster", COPIES)], {}) == ()
    assert check(CHAIN, [kept("cluster", COPIES), kept("archive", COPIES)], HEAD) == ()


def test_pruned_links_are_not_missed_and_an_archive_may_lag() -> None:
    newest = copies(WHOLE[6:])
    oldest = copies(WHOLE[:8])
    assert check(CHAIN, [kept("cluster", newest, first=9), kept("archive", oldest, last=8)], {}) == ()


@given(number=st.integers(1, LENGTH))
def test_an_edit_is_located(number: int) -> None:
    found = check(CHAIN, [kept("archive", COPIES | {number: edited(number)})], HEAD)
    assert places(found) == [("Edit", "archive", number)]


@given(number=st.integers(1, LENGTH))
def test_an_edit_beside_a_good_copy_is_located_without_a_known_head(number: int) -> None:
    found = check(CHAIN, [kept("cluster", COPIES | {number: edited(number)}), kept("archive", COPIES)], {})
    kind = "Fork" if number == LENGTH else "Edit"
    assert places(found) == [(kind, "cluster", number)]


@given(number=st.integers(1, LENGTH - 1))
def test_a_gap_is_located(number: int) -> None:
    holed = {n: c for n, c in COPIES.items() if n != number}
    assert places(check(CHAIN, [kept("archive", holed)], HEAD)) == [("Gap", "archive", number)]


@given(number=st.integers(1, LENGTH))
def test_a_cut_tail_is_located(number: int) -> None:
    short = {n: c for n, c in COPIES.items() if n < number}
    assert places(check(CHAIN, [kept("archive", short)], HEAD)) == [("CutTail", "archive", number)]


@given(number=st.integers(2, LENGTH))
def test_a_fork_begins_where_it_begins(number: int) -> None:
    other = list(WHOLE[: number - 1])
    while len(other) < LENGTH:
        other.append(link(other[-1], message="another story"))
    found = check(CHAIN, [kept("cluster", copies(tuple(other))), kept("archive", COPIES)], {})
    assert (found[0].kind, found[0].sequence) == ("Fork", number)


@given(number=st.integers(2, LENGTH))
def test_a_link_with_another_predecessor_is_an_edit(number: int) -> None:
    record = WHOLE[number - 1].model_copy(update={"previous_hash": "sha256:" + "0" * 64})
    found = check(CHAIN, [kept("archive", COPIES | {number: Copy(number, record.hash, record)})], HEAD)
    assert places(found) == [("Edit", "archive", number)]


@pytest.mark.parametrize(
    ("copy", "kind"),
    [
        (Copy(5, "sha256:" + "0" * 64, None), "Edit"),
        (Copy(5, WHOLE[3].hash, WHOLE[3]), "Edit"),
        (Copy(5, chain_of(5, "other")[4].hash, chain_of(5, "other")[4]), "Fork"),
    ],
    ids=["unreadable", "renumbered", "of another chain"],
)
def test_what_is_no_link_of_this_chain_says_so(copy: Copy, kind: str) -> None:
    assert places(check(CHAIN, [kept("archive", COPIES | {5: copy})], HEAD)) == [(kind, "archive", 5)]


def test_a_missing_range_is_one_finding() -> None:
    holed = {n: c for n, c in COPIES.items() if not 4 <= n <= 6}
    (found,) = check(CHAIN, [kept("archive", holed)], HEAD)
    assert (found.sequence, found.message) == (4, "links 4 to 6 are missing")
