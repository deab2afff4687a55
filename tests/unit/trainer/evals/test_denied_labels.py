"""A label that a reply denies is never its label, in any language and at any distance in the clause."""

import pytest

from sluice_trainer.evals.labels.finder import find_label

TICKETS = ("billing", "shipping", "other")
LETTERS = ("A", "B", "C", "D")
DENIED = [
    "This should not be classified as billing",
    "I would not classify this as billing",
    "I would never label this as billing",
    "This is not related to billing",
    "This has nothing to do with billing",
    "This has no relation to billing",
    "It is unlikely to be billing",
    "It is anything but billing",
    "It is far from billing",
    "It is something other than billing, perhaps",
    "It does not fall under billing",
    "This ticket doesn't belong to billing",
    "This isn\N{RIGHT SINGLE QUOTATION MARK}t about billing",
    "The label is not billing",
    "Ruling out billing",
    'It is not "billing"',
    "Do not choose: billing",
    "You asked whether it is billing.",
    "Is this billing?",
    "This is not, in my view, billing",
    "This isn't, as far as I can tell, billing",
    "If the text were billing",
    "If this is about billing, I would say so",
    "Had it been billing, I would say so",
    "It could be billing or something else",
    "billing or not",
    "It is the opposite of billing",
    "billing: incorrect",
    "billing is wrong",
    "billing is incorrect",
    "billing does not apply",
    "billing isn't the right label",
    "billing can be ruled out",
    "billing? No.",
    "Ce n'est pas une question de billing",
    "Ce n'est pas du tout billing",
    "Das gehört nicht zu billing",
    "Das hat nichts mit billing zu tun",
    "Das ist weder billing",
    "billing stimmt nicht",
    "No es billing",
    "Esto no tiene nada que ver con billing",
    "Não é billing",
    "Non è billing",
    "Niente a che fare con billing",
    "Het is geen billing",
    "Dit is niet billing",
    "Det är inte billing",
    "To nie jest billing",
    "Đây không phải là billing",
    "Ini bukan billing",
    "Ini tidak termasuk billing",
    "هذا ليس billing",
    "Δεν είναι billing",
    "זה לא billing",
    "Sorun billing değil",
    "billing değildir",
    "Это не относится к billing",
    "これはbillingではありません",
    "billing은 아닙니다",
    "यह billing नहीं है",
    "不应该归类为billing",
    "与billing无关",
    "ไม่ใช่การbilling",
]


@pytest.mark.parametrize("reply", DENIED)
def test_a_denied_label_is_none(reply: str) -> None:
    assert find_label(reply, TICKETS) is None


@pytest.mark.parametrize(
    "reply",
    [
        "It cannot be B",
        "Don't select B",
        "The answer cannot be B",
        "B is not correct",
        "I ruled out B",
        "A) incorrect",
        "a) wrong",
        "A. No. B. Yes. C. No.",
    ],
)
def test_a_denied_letter_is_none(reply: str) -> None:
    assert find_label(reply, LETTERS) is None


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("Answer: billing, not shipping.", "billing"),
        ("The customer cannot log in so this is billing", "billing"),
        ("The parcel did not come. shipping", "shipping"),
        ("billing because the money was not sent", "billing"),
        ("It is not only billing", "billing"),
        ("If I had to choose one, billing", "billing"),
        ("If the text is about money it is billing", "billing"),
        ("If so it is billing", "billing"),
        ("Is it billing? Yes.", "billing"),
        ("billing? yes", "billing"),
        ("Is it not billing? Yes.", None),
        ("There is no doubt that it is billing", "billing"),
        ("The label is not shipping. The label is billing.", "billing"),
        ("billing\n\nThe parcel is not lost.", "billing"),
    ],
)
def test_a_negation_of_something_else_denies_nothing(reply: str, label: str | None) -> None:
    assert find_label(reply, TICKETS) == label


@pytest.mark.parametrize(
    ("reply", "labels", "label"),
    [
        ("There is no evidence", ("yes", "no"), None),
        ("I have no idea", ("yes", "no"), None),
        ("There is no", ("yes", "no"), None),
        ("no one can tell", ("yes", "no"), None),
        ("The answer is no longer known", ("yes", "no"), None),
        ("Answer: there is no evidence", ("yes", "no"), None),
        ("Yes, there is no problem", ("yes", "no"), "yes"),
        ("No problem! The answer is yes.", ("yes", "no"), "yes"),
        ("No, it is fine", ("yes", "no"), "no"),
        ("no no no", ("yes", "no"), "no"),
        ("It is not a yes", ("yes", "no"), None),
        ("Yes and no", ("yes", "no"), None),
        ("Não é um problema", ("sim", "não"), None),
        ("Não.", ("sim", "não"), "não"),
        ("Không có vấn đề", ("có", "không"), None),
        ("这是一个问题", ("是", "否"), None),
        ("答案是否定的", ("是", "否"), None),
        ("不是", ("是", "否"), None),
        ("是的", ("是", "否"), "是"),
        ("答案：是", ("是", "否"), "是"),
    ],
)
def test_yes_and_no_are_labels_only_where_they_answer(
    reply: str, labels: tuple[str, ...], label: str | None
) -> None:
    assert find_label(reply, labels) == label
