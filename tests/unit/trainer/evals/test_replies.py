"""Replies as small models write them: several answers, letters with their text, numbers, addresses."""

import pytest

from sluice_trainer.evals.labels.finder import find_label

LETTERS = ("A", "B", "C", "D")
TICKETS = ("billing", "shipping", "other")
MOODS = ("positive", "negative", "neutral")
STARS = ("1", "2", "3", "4", "5")
SEVERAL = [
    ("B or possibly C", LETTERS, None),
    ("A, maybe B", LETTERS, None),
    ("A as well as B", LETTERS, None),
    ("Answer: B or possibly C", LETTERS, None),
    ("The answer is A, maybe B", LETTERS, None),
    ("Answer: A and/or B", LETTERS, None),
    ("Answer: A & B", LETTERS, None),
    ("Answer: A / B", LETTERS, None),
    ("Answer: A plus B", LETTERS, None),
    ("Answer: A. Or B.", LETTERS, None),
    ("Answer: billing\nor shipping", TICKETS, None),
    ("Answer: billing (or shipping)", TICKETS, None),
    ("Answer: A Answer: B", LETTERS, None),
    ("Answer: A\nAnswer: B", LETTERS, None),
    ("Answer: A\nAnswer: A", LETTERS, "A"),
    ("Label: billing\n\nText: I want\nLabel: shipping", TICKETS, None),
    ("billing\n\nText: foo\nLabel: shipping", TICKETS, None),
    ("\\boxed{A} and \\boxed{B}", LETTERS, None),
    ("I considered (A), but it is incorrect. Final answer: D.", LETTERS, "D"),
    ("Answer: A. Hmm. So \\boxed{B}", LETTERS, "B"),
    ("Answer: billing. Actually, it is shipping.", TICKETS, None),
    ("billing. Wait, shipping", TICKETS, None),
    ('{"label": "billing"}\n{"label": "shipping"}', TICKETS, None),
    ('{"label": ["billing", "shipping"]}', TICKETS, None),
    ("Antwort:\n\nAntwort: C", LETTERS, "C"),
]
CHOICES = [
    ("b) Paris", LETTERS, "B"),
    ("(b)", LETTERS, "B"),
    ("(b) Paris", LETTERS, "B"),
    ("b. Paris", LETTERS, "B"),
    ("c:", LETTERS, "C"),
    ("c: Paris", LETTERS, "C"),
    ("a. Paris", LETTERS, "A"),
    ("A - Paris", LETTERS, "A"),
    ("**b)** Paris", LETTERS, "B"),
    ("B) A and C are wrong", LETTERS, "B"),
    ("Option b", LETTERS, "B"),
    ("The correct answer is a.", LETTERS, "A"),
    ("ANSWER: $A$", LETTERS, "A"),
    ("a) Paris\nb) London", LETTERS, None),
    ("The answer is a test", LETTERS, None),
    ("The answer is a bit unclear", LETTERS, None),
    ("Answer: A good reply", LETTERS, None),
    ("I would choose a product", LETTERS, None),
    ("Answer: E. B is close", LETTERS, None),
    ("\\boxed{E} since B", LETTERS, None),
    ("Answer: E", LETTERS, None),
    ("B.C.", LETTERS, None),
    ("All of the above: A, B, C", LETTERS, None),
]
NUMBERS = [
    ("३.५", ("३", "५"), None),
    ("१,०००", ("०", "१"), None),
    ("३٪", ("३",), None),
    ("٣٫٥", ("٣", "٥"), None),
    ("١٬٠٠٠", ("٠", "١"), None),
    ("३-४", ("३", "४"), None),
    ("लेबल: ३", ("३", "५"), "३"),
    *((number, STARS, None) for number in ("3..4", "3…4", "> 4", "< 4", ">4", ">= 4", "≥ 4", "3~4", "3 – 4")),
    ("3 to 4", ("4",), None),
    ("between 3 and 4", STARS, None),
    *((f"Score: {said}", STARS, None) for said in ("at least 4", "about 4", "4 or more", "4 percent", "$ 4")),
    ("The customer ordered 2 items", STARS, None),
    ("Review 1 is fine", STARS, None),
    ("on a scale of 1 to 5, this is a 4", STARS, "4"),
    ("4 stars out of 5", STARS, "4"),
    ("I would rate this 4 stars", STARS, "4"),
    ("1. The text praises\n2. It is fine\n\nRating: 5", STARS, "5"),
    ("label => 4", STARS, "4"),
]
PARTICLES = ("입니다", "으로 분류됩니다", "에 해당합니다", "이고")
KOREAN = [
    *((f"billing{particle}", TICKETS, "billing") for particle in PARTICLES),
    ("정답은 B입니다.", LETTERS, "B"),
    ("답은 1이다", ("0", "1"), "1"),
    ("C++입니다", ("C", "C++"), "C++"),
    ("café입니다", ("café",), "café"),
    ("1이 아닙니다", ("0", "1"), None),
    ("정답은 billing이나 shipping", TICKETS, None),
]
ADDRESSES = [
    ("see https://billing.example.com/shipping", TICKETS, None),
    ("https://example.com/?label=billing", TICKETS, None),
    ("mail billing@example.com", TICKETS, None),
    ("me@billing.com", TICKETS, None),
    ("@joy said", ("joy", "anger"), None),
    ("#joy", ("joy", "anger"), None),
    ("see billing.txt", TICKETS, None),
    ("www.billing.com", TICKETS, None),
    ("/billing/x", TICKETS, None),
    ("C:\\billing\\x", TICKETS, None),
    ("[link](http://example.com/billing)", TICKETS, None),
    ("See billing.html for shipping", TICKETS, "shipping"),
    ("Contact billing@example.com. Label: shipping", TICKETS, "shipping"),
    ("We use Node.js here", ("Node.js", "Go"), "Node.js"),
    ("It is refund/return", ("refund/return", "other"), "refund/return"),
]
MODELS = [
    ("The given text expresses a positive sentiment.", MOODS, "positive"),
    ("I'm sorry, but I cannot classify this as positive or negative.", MOODS, None),
    ("As an AI language model, I don't have opinions, positive or negative", MOODS, None),
    ("Positive! The movie isn't bad at all.", MOODS, "positive"),
    ("This is more negative than positive", MOODS, None),
    ("Sentiment: Positive\nExplanation: no negative words", MOODS, "positive"),
    ("Based on the context, (B) is the best answer.", LETTERS, "B"),
    ("The single letter answer is:\n\nB", LETTERS, "B"),
    ("Step by step. A: Paris is big. B: London is wet. So the answer is (A).", LETTERS, "A"),
    ("Is it spam? No.", ("spam", "ham"), None),
    ("[INST] positive or negative? [/INST] positive", MOODS, None),
    ("I think so", ("I", "II"), None),
    ("The customer had other questions", TICKETS, None),
]


@pytest.mark.parametrize(
    ("reply", "labels", "label"), [*SEVERAL, *CHOICES, *NUMBERS, *KOREAN, *ADDRESSES, *MODELS]
)
def test_a_reply_names_one_label_or_none(reply: str, labels: tuple[str, ...], label: str | None) -> None:
    assert find_label(reply, labels) == label


@pytest.mark.parametrize(
    "part",
    [
        *(
            " ",
            "\n",
            "-",
            "bill ",
            "bill - ",
            "non - ",
            "billing ",
            "answer: ",
            "answer: not billing ",
            "answer",
        ),
        *('"', "(", ".", "x", "1 ", "/", "a@", "a.", "<", "<think>", "</think>", "<|channel|>", "://", "no "),
    ],
)
def test_time_grows_as_the_reply_does(part: str) -> None:
    """Time that grew with the square of the length would take hours: the timeout of the test tells."""
    labels = ("bill - ing", "non - billing", "billing", "1", "a", "_x")
    find_label(f"bill{part * (250_000 // len(part))}x", labels)
