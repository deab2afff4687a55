"""Prompts of evaluation items that stand in training conversations: both forms, and the index."""

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.promptforms import exact_prompt, near_prompt
from sluice_trainer.data.prompts import Item, Matches, PromptIndex
from support.unicodetexts import ANY, MANY, OPERATORS, meaning, numbers, words, written

ASKED = Item("gold", "asked")


def turns(*texts: str) -> list[ChatMessage]:
    """User and assistant in turn."""
    return [
        ChatMessage(role="user" if place % 2 == 0 else "assistant", content=text)
        for place, text in enumerate(texts)
    ]


def found(trained: str, asked: str, before: str = "", instruction: str = "") -> str:
    """How an asked prompt is found in a training conversation."""
    index = PromptIndex()
    index.add(ASKED, turns(asked), before)
    return _kind(index.matches(turns(trained, "an answer"), instruction))


def _kind(matches: Matches) -> str:
    return "exact" if matches.exact else "near" if matches.near else "other"


@pytest.mark.parametrize(
    ("trained", "asked"),
    [
        ("Où est le café ?", unicodedata.normalize("NFD", "Où est le café ?")),
        ("two\r\nlines\tof  text ", " two lines of text"),
        ("Größe 12", unicodedata.normalize("NFD", "Größe 12")),
        ("각", unicodedata.normalize("NFD", "각")),
        ("🙂🙂", "🙂🙂"),
    ],
)
def test_composition_and_white_space_make_no_other_prompt(trained: str, asked: str) -> None:
    assert found(trained, asked) == found(asked, trained) == "exact"


@pytest.mark.parametrize(
    ("trained", "asked"),
    [
        ("My printer is broken!", "my PRINTER is broken"),
        ("What is 3.14 + 2?", "Ｗｈａｔ ｉｓ ３．１４ ＋ ２？"),
        ("my printer", "my\u200b pr\u00adint\u2060er\ufeff"),
        ("می‌خواهم", "میخواهم"),
        ("“Who’s there?” he asked…", '"Who\'s there?" he asked...'),
        ("Convert −7 C", "convert -7 C."),
        ("3 + 4 = ?", "3+4="),
        ("¿Qué hora es?", "qué hora es"),
        ("打印机坏了。", "打印机坏了"),
        ("« Où est-il ? »", "où est-il"),
        ("ﬁle", "file"),
        ("👍\ufe0f", "👍"),
    ],
)
def test_another_spelling_of_a_prompt_is_near(trained: str, asked: str) -> None:
    assert found(trained, asked) == found(asked, trained) == "near"


@pytest.mark.parametrize(
    ("trained", "asked"),
    [
        ("What is 3 + 4?", "What is 3 * 4?"),
        ("Convert -5 C", "Convert 5 C"),
        ("दिन", "दान"),
        ("หนา", "หนี"),
        ("Explain C++", "Explain C#"),
        ("Explain C++", "Explain C"),
        ("3.14", "314"),
        ("3.14", "3,14"),
        (".5", "5"),
        ("1,5", "15"),
        ("10:30", "1030"),
        ("ratio 3 : 4", "ratio 3 4"),
        ("5!", "5"),
        ("n!", "n"),
        ("x != y", "x = y"),
        ("x := y", "x = y"),
        ("1'000", "1 000"),
        ("10²", "102"),
        ("2½", "21/2"),
        ("½", "12"),
        ("5 %", "5"),
        ("$5", "€5"),
        ("(2 + 3) * 4", "2 + (3 * 4)"),
        ("٣٫٥", "٣٥"),
        ("2\u20623", "23"),
        ("a & b", "a | b"),
        ("😀", "😡"),
        ("???", "!!!"),
        ("my printer is broken", "my scanner is broken"),
    ],
)
def test_other_numbers_operators_and_words_are_other_prompts(trained: str, asked: str) -> None:
    assert found(trained, asked) == found(asked, trained) == "other"


LETTER_WORD = words().map(lambda word: re.sub("[-'.\u200c\u200d]", "", word))
PHRASE = st.tuples(words(), numbers(), st.sampled_from(OPERATORS), numbers(), words())
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
QUOTES = st.sampled_from(['"{}"', "“{}”", "«{}»", "'{}'", "‘{}’", "„{}“", "「{}」"])
INVISIBLE = st.sampled_from("\u200b\u00ad\u2060\ufeff\u200e\u200d\u200c\ufe0f")


@MANY
@given(PHRASE, st.sampled_from([" ", "\u00a0", "\t", "\n", "  ", "\u3000"]))
def test_the_exact_form_finds_nfc_and_nfd_alike(phrase: tuple[str, ...], space: str) -> None:
    text = " ".join(phrase)
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert exact_prompt(composed) == exact_prompt(decomposed) == exact_prompt(f"\n{space.join(phrase)} ")
    assert found(composed, decomposed) == found(decomposed, composed) == "exact"


@MANY
@given(PHRASE, QUOTES, INVISIBLE, st.sampled_from(["", "?", "!", ".", "…", "。"]))
def test_the_near_form_finds_another_spelling(
    phrase: tuple[str, ...], quotes: str, invisible: str, end: str
) -> None:
    text = " ".join(phrase)
    spellings = [quotes.format(text), invisible.join(text), text.translate(WIDE), f"{text} {end}"]
    for spelling in spellings:
        for form in ("NFC", "NFD"):
            assert found(text, unicodedata.normalize(form, spelling)) != "other", spelling


@MANY
@given(PHRASE, PHRASE, st.sampled_from([1, 2, 3]), st.data())
def test_the_near_form_keeps_numbers_and_operators_apart(
    one: tuple[str, ...], other: tuple[str, ...], place: int, data: st.DataObject
) -> None:
    changed = (*one[:place], other[place], *one[place + 1 :])
    assume(meaning(one) != meaning(changed))
    assert near_prompt(data.draw(written(one))) != near_prompt(data.draw(written(changed)))


@MANY
@given(LETTER_WORD, LETTER_WORD)
def test_the_near_form_keeps_words_apart(one: str, other: str) -> None:
    assume(meaning([one]) != meaning([other]))
    assert near_prompt(f"say {one}") != near_prompt(f"say {other}")


@MANY
@given(ANY)
def test_a_form_is_a_form_of_itself_and_never_empty(text: str) -> None:
    assume(text.strip())
    assert exact_prompt(exact_prompt(text)) == exact_prompt(text) != ""
    assert near_prompt(text) != ""


def test_every_answered_turn_of_a_conversation_is_a_prompt() -> None:
    index = PromptIndex()
    for name, prompt in {"one": ["first"], "two": ["first", "-", "second"], "none": ["second"]}.items():
        index.add(Item("gold", name), turns(*prompt), "")
    assert {item.id for item in index.matches(turns("first", "yes", "second", "no"), "").exact} == {
        "one",
        "two",
    }


def test_another_instruction_hides_no_copy() -> None:
    asked, trained = "Which team? \n\nMy printer smokes", "Name the team.\n\nMy printer smokes"
    assert found(trained, asked, "Which team? \n\n", "Name the team.\n\n") == "exact"
    assert found(trained, "My printer smokes", instruction="Name the team.\n\n") == "exact"


def test_a_prompt_without_people_is_what_its_system_says() -> None:
    index = PromptIndex()
    index.add(ASKED, [ChatMessage(role="system", content="Tell a joke")], "")
    other = [ChatMessage(role="system", content="Sing"), ChatMessage(role="assistant", content="la")]
    same = [ChatMessage(role="system", content="Tell a joke"), ChatMessage(role="assistant", content="ha")]
    assert (_kind(index.matches(other, "")), _kind(index.matches(same, ""))) == ("other", "exact")
