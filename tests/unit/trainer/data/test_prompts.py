"""Prompts of evaluation items that stand in training conversations: both forms, and the index."""

import os
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.promptforms import exact_prompt, near_prompt
from sluice_trainer.data.prompts import Item, Matches, PromptIndex

EXAMPLES = int(os.environ.get("SLUICE_EXAMPLES", "300"))
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


SCRIPTS = ["abcdeàéîöñßÅ", "абвгдйё", "αβγδάϊ", "दनकाििुोौँ्", "กขคงาิีุเ่้", "日本語がゞパ", "가각힣한국", "ابتسِِّ"]
WORD = st.sampled_from(SCRIPTS).flatmap(
    lambda letters: st.text(letters, min_size=1, max_size=6).filter(lambda w: not unicodedata.combining(w[0]))
)
NUMBER = st.from_regex(r"-?(0|[1-9][0-9]{0,3})([.,][0-9]{1,2})?", fullmatch=True)
OPERATOR = st.sampled_from(
    ["+", "-", "*", "/", "%", "^", "=", "<", ">", "!=", "**", "//", "<=", "&", "|", "×", "÷"]
)
PHRASE = st.tuples(WORD, NUMBER, OPERATOR, NUMBER, WORD)
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
QUOTES = st.sampled_from(['"{}"', "“{}”", "«{}»", "'{}'", "‘{}’", "„{}“", "「{}」"])
INVISIBLE = st.sampled_from("\u200b\u00ad\u2060\ufeff\u200e\u200d\u200c\ufe0f")


def text_of(phrase: tuple[str, ...]) -> str:
    return " ".join(phrase)


@given(PHRASE, st.sampled_from([" ", "\u00a0", "\t", "\n", "  ", "\u3000"]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_exact_form_finds_nfc_and_nfd_alike(phrase: tuple[str, ...], space: str) -> None:
    text = text_of(phrase)
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert exact_prompt(composed) == exact_prompt(decomposed) == exact_prompt(f"\n{space.join(phrase)} ")
    assert found(composed, decomposed) == found(decomposed, composed) == "exact"


@given(PHRASE, QUOTES, INVISIBLE, st.sampled_from(["", "?", "!", ".", "…", "。"]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_near_form_finds_another_spelling(
    phrase: tuple[str, ...], quotes: str, invisible: str, end: str
) -> None:
    text = text_of(phrase)
    hidden = invisible.join(text)
    spellings = [quotes.format(text), hidden, text.translate(WIDE), text.upper().lower(), f"{text} {end}"]
    for spelling in spellings:
        for form in ("NFC", "NFD"):
            assert found(text, unicodedata.normalize(form, spelling)) != "other", spelling


@given(PHRASE, PHRASE, st.integers(0, 4))
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_near_form_keeps_words_numbers_and_operators_apart(
    one: tuple[str, ...], other: tuple[str, ...], place: int
) -> None:
    changed = (*one[:place], other[place], *one[place + 1 :])
    assume(_meant(one[place]) != _meant(changed[place]))
    assert near_prompt(text_of(one)) != near_prompt(text_of(changed))


def _meant(part: str) -> str:
    return unicodedata.normalize("NFC", part.casefold())


@given(st.text(min_size=1))
@settings(max_examples=EXAMPLES, deadline=None)
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
