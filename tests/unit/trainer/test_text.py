"""The Unicode steps: what each takes away, and what none of them may."""

import pytest

from sluice_trainer import text


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ("e\u0301te\u0301", "été"),
        ("\u3000 yes\n", "yes"),
        ("\u212b", "\u00c5"),
        ("Don’t", "Don’t"),
        ("５", "５"),
        ("दिन", "दिन"),
    ],
)
def test_the_exact_form_is_nfc_without_outer_white_space(given: str, form: str) -> None:
    assert text.exact_form(given) == form


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ("３．１４", "3.14"),
        ("－７", "-7"),
        ("ＡＢＣ", "abc"),
        ("ﬁle", "file"),
        ("Straße", "strasse"),
        ("ｶﾞ", "ガ"),
        ("1\u00a0000", "1 000"),
        ("５㌔", "5キロ"),
    ],
)
def test_width_and_case_do_not_count(given: str, form: str) -> None:
    assert text.caseless(given) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2²", "22"),
        ("10⁻³", "10-3"),
        ("2ⁿ", "2n"),
        ("10₂", "102"),
        ("1½", "1 1/2"),
        ("1½", "11⁄2"),
        ("1①", "11"),
        ("⒈5", "1.5"),
        ("3㎡", "3m2"),
        ("1㏠", "11日"),
        ("दिन", "दान"),
        ("don´t", "don ́t"),
    ],
)
def test_a_compatible_form_never_changes_a_number_or_a_word(one: str, other: str) -> None:
    assert text.caseless(one) != text.caseless(other)


def test_signs_that_look_alike_are_one() -> None:
    assert text.unified("‘a’ ‚b‛ c´s ʼ") == "'a' 'b' c's '"
    assert text.unified("“a” „b‟ «c»") == '"a" "b" "c"'
    assert text.unified("−7 ‐ ‑ – — ―") == "-7 - - - - -"
    assert text.unified("〜5") == "~5"


def test_what_shows_nothing_can_be_left_out_but_operators_are_no_such_thing() -> None:
    assert text.without("\ufeffa\u200bb\u00adc\u200e\ufe0f", text.INVISIBLE) == "abc"
    assert text.without("2\u20623", text.INVISIBLE) == "2\u20623"
    assert text.without("a\u200cb", text.INVISIBLE) == "a\u200cb"
    assert text.without("a\u200cb", text.INVISIBLE + text.JOINERS) == "ab"


def test_white_space_is_one_space() -> None:
    assert text.single_spaced("\n a\t\u3000b ") == "a b"
