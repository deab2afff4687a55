"""What a gate's policy makes of items that were trained on."""

from sluice_trainer.data.prompts import Item
from sluice_trainer.evals.contamination import Overlap, Policies, complaint, counts, overlap, without
from support.evalitems import results, right_and_wrong

FOUND = Overlap("triage", 3080, ("b",), ("c", "d"))


def test_items_are_counted_once_in_the_order_of_the_suite() -> None:
    exact = [Item("triage", "b"), Item("other", "a")]
    near = [Item("triage", "d"), Item("triage", "c"), Item("triage", "b")]
    assert overlap("triage", list("abcd"), exact, near) == Overlap("triage", 4, ("b",), ("c", "d"))


def test_the_complaint_counts_and_names_what_blocks() -> None:
    clean = Overlap("clean", 10)
    assert complaint([clean], Policies()) is None
    assert complaint([clean, FOUND], Policies()) == (
        "1 of 3,080 prompts of suite triage stand in a training pack, such as item b"
    )
    assert complaint([FOUND], Policies("Exclude", "Exclude")) is None
    strict = complaint([FOUND], Policies("Report", "Block"))
    assert strict == "2 of 3,080 prompts of suite triage stand in a training pack, such as item c"


def test_each_form_follows_its_own_policy() -> None:
    assert FOUND.under(Policies("Exclude", "Exclude"), "Exclude") == ("b", "c", "d")
    assert FOUND.under(Policies("Exclude", "Report"), "Exclude") == ("b",)
    counted = counts([FOUND], Policies("Report", "Exclude"))
    assert counted is not None
    assert (counted.items, counted.exact, counted.near, counted.excluded) == (3080, 1, 2, 2)
    assert counts([], Policies()) is None


def test_what_is_left_names_what_went() -> None:
    left = without(results(right_and_wrong(3, 0)), ["item-1"])
    assert [item.id for item in left.items] == list(left.asked) == ["item-0", "item-2"]
    assert left.excluded == 1
