"""Forms over generated Unicode."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from sluice_trainer.forms import normalized_form, squad_form
from sluice_trainer.text import exact_form
from support.unicodetexts import ANY, MANY, TOKENS, meaning, numbers, words, written

LISTS = st.lists(TOKENS, min_size=1, max_size=4)
PLAIN = st.lists(st.one_of(words(), numbers()), min_size=1, max_size=4)


@MANY
@given(ANY, ANY, st.data())
def test_the_exact_form_is_nfc_equality_after_outer_white_space(
    one: str, other: str, data: st.DataObject
) -> None:
    coding = data.draw(st.sampled_from(["NFC", "NFD"]))
    other = data.draw(st.sampled_from([other, f"\t{unicodedata.normalize(coding, one)}\u3000"]))
    same = unicodedata.normalize("NFC", one).strip() == unicodedata.normalize("NFC", other).strip()
    assert (exact_form(one) == exact_form(other)) == same


@MANY
@given(LISTS, LISTS, st.data())
def test_different_numbers_operators_or_words_never_become_equal(
    one: list[str], other: list[str], data: st.DataObject
) -> None:
    if meaning(one) == meaning(other):
        return
    texts = data.draw(written(one)), data.draw(written(other))
    assert normalized_form(texts[0]) != normalized_form(texts[1])


@MANY
@given(LISTS, TOKENS, st.data())
def test_one_other_token_makes_another_text(tokens: list[str], token: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(tokens) - 1))
    other = [*tokens[:place], token, *tokens[place + 1 :]]
    fewer = tokens[:place] + tokens[place + 1 :]
    ours = normalized_form(data.draw(written(tokens)))
    assert ours != normalized_form(data.draw(written(fewer)))
    if meaning(other) != meaning(tokens):
        assert ours != normalized_form(data.draw(written(other)))


@MANY
@given(ANY)
def test_no_form_is_empty_unless_the_text_is(text: str) -> None:
    assert bool(normalized_form(text)) == bool(squad_form(text)) == bool(text)


@MANY
@given(PLAIN, st.data())
def test_one_text_in_two_writings_is_one(tokens: list[str], data: st.DataObject) -> None:
    assert normalized_form(data.draw(written(tokens))) == normalized_form(data.draw(written(tokens)))
