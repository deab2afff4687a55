"""Which label a reply names: what language models write, and what must not be taken for a label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_trainer.evals.labels.finder import find_label
from support.unicodetexts import MANY, numbers

LETTERS = ("A", "B", "C", "D")
TICKETS = ("billing", "shipping", "other")
BITS = ("0", "1")
CASES = [
    ("It is a billing question, so C", LETTERS, "C"),
    ("- 1", BITS, None),
    ("bill - ing", TICKETS, None),
    pytest.param(f"x{' ' * 200_000}y", TICKETS, None, id="many spaces"),
    ("－1", BITS, None),
    ("1.5", ("1", "1.5"), "1.5"),
    ("The label is -1.", BITS, None),
    ("非常正面", ("正面", "负面"), "正面"),
    ("👍 great", ("👍", "👎"), "👍"),
    ("", (" ", "x"), None),
    ("The sentiment is not negative but positive", ("positive", "negative"), None),
    ("A", LETTERS, "A"),
    ("b", LETTERS, "B"),
    ("(B)", LETTERS, "B"),
    ("B.", LETTERS, "B"),
    ("**B**", LETTERS, "B"),
    ("The answer is **B**.", LETTERS, "B"),
    ("\\boxed{B}", LETTERS, "B"),
    ("$\\boxed{\\text{B}}$", LETTERS, "B"),
    ("Answer: b", LETTERS, "B"),
    ("B) shipping", LETTERS, "B"),
    ("A customer wants a refund, so B", LETTERS, "B"),
    ("As a reviewer I choose B", LETTERS, "B"),
    ("A is correct", LETTERS, "A"),
    ("A customer asks.", LETTERS, None),
    ("A or B", LETTERS, None),
    ("The answer is A or B", LETTERS, None),
    ("N/A", ("Y", "N"), None),
    ("The answer is B, because A is wrong", LETTERS, "B"),
    ("Option C", LETTERS, "C"),
    ("[[C]]", LETTERS, "C"),
    ("I choose A", LETTERS, "A"),
    ('{"label": "billing"}', TICKETS, "billing"),
    ('```json\n{"label": "billing", "reason": "not shipping"}\n```', TICKETS, "billing"),
    ("billing\n\nBecause shipping is not the problem.", TICKETS, "billing"),
    ("It could be shipping.\n\nFinal answer: billing", TICKETS, "billing"),
    ("Label: Billing.", TICKETS, "billing"),
    ("This is not billing", TICKETS, None),
    ("billing/shipping", TICKETS, None),
    ("billing, shipping", TICKETS, None),
    ("“billing”", TICKETS, "billing"),
    ("rebilling", TICKETS, None),
    ("non-billing", TICKETS, None),
    ("a billing-related issue", TICKETS, "billing"),
    ("billing's fine", TICKETS, "billing"),
    ("billing billing", TICKETS, "billing"),
    ("", TICKETS, None),
    ("<answer>billing</answer> shipping", TICKETS, "billing"),
    ("- billing", TICKETS, "billing"),
    ("I would classify this as billing, although shipping is mentioned.", TICKETS, "billing"),
    ("Billing – the customer was charged twice", TICKETS, "billing"),
    ("category = shipping", TICKETS, "shipping"),
    ("-1", BITS, None),
    ("−1", BITS, None),
    ("3.5", ("3", "5"), None),
    ("1,000", BITS, None),
    ("1.", BITS, "1"),
    ("The label is 1.", BITS, "1"),
    ("1%", BITS, None),
    ("10", BITS, None),
    ("1/2", ("1", "2"), None),
    ("1:30", ("1", "30"), None),
    ("-1", ("-1", "0", "1"), "-1"),
    ("−1", ("-1", "0", "1"), "-1"),
    ("Label: -1", ("-1", "0", "1"), "-1"),
    ("label:1", BITS, "1"),
    ("１", BITS, "1"),
    ("1-2", ("1", "2"), None),
    ("$1", BITS, None),
    (".5", ("0", "5"), None),
    ("0.5", ("0", "5"), None),
    ("<answer>1</answer>", BITS, "1"),
    ("1 000", BITS, None),
    ("LABEL_1", ("LABEL_0", "LABEL_1"), "LABEL_1"),
    ("(1)", BITS, "1"),
    ("答案是1。", BITS, "1"),
    ("v1", BITS, None),
    ("[1]", BITS, "1"),
    ("1e5", ("1", "5"), None),
    ("2^1", ("1", "2"), None),
    ("#### 5", ("4", "5"), "5"),
    ("这是一个退款问题", ("退款", "发货"), "退款"),
    ("答案是退款，不是发货", ("退款", "发货"), "退款"),
    ("不是退款", ("退款", "发货"), None),
    ("这不是退款而是发货", ("退款", "发货"), None),
    ("答案是B。", LETTERS, "B"),
    ("这条评论不满意", ("满意", "不满意"), "不满意"),
    ("返金についての質問です", ("返金", "配送"), "返金"),
    ("返金ではない", ("返金", "配送"), None),
    ("คำถามเกี่ยวกับการคืนเงิน", ("คืนเงิน", "จัดส่ง"), "คืนเงิน"),
    ("정답은 환불입니다.", ("환불", "배송"), "환불"),
    ("यह बिल है", ("बिल", "बिलिंग"), "बिल"),
    ("यह बिलिंग है", ("बिल", "बिलिंग"), "बिलिंग"),
    ("कि", ("क", "ख"), None),
    ("Это возврат.", ("возврат", "доставка"), "возврат"),
    ("refund_status", ("refund", "refund_status"), "refund_status"),
    ("It is refund_status", ("refund", "refund_status"), "refund_status"),
    ("refund status", ("refund", "refund_status"), "refund_status"),
    ("It's New York", ("New York", "York"), "New York"),
    ("New  York!", ("New York", "York"), "New York"),
    ("in York", ("New York", "York"), "York"),
    ("new york", ("New York", "York"), "New York"),
    ("It is HR", ("IT", "HR"), "HR"),
    ("I think it is unclear", ("IT", "HR"), None),
    ("IT", ("IT", "HR"), "IT"),
    ("it", ("IT", "HR"), "IT"),
    ("this goes to IT", ("IT", "HR"), "IT"),
    ("No, it is fine", ("YES", "NO"), "NO"),
    ("C++!", ("C", "C++"), "C++"),
    ("I like C++", ("C", "C++"), "C++"),
    ("C#", ("C", "C++"), None),
    ("us", ("US", "us"), "us"),
    ("it is US", ("us", "US"), "US"),
    ("+", ("+", "-"), "+"),
    ("café", ("café", "thé"), "café"),
    ("café", ("café", "thé"), "café"),
    ("can't", ("can", "must"), None),
    ("spam", ("spam", "not spam"), "spam"),
    ("This is not spam", ("spam", "not spam"), "not spam"),
    ("Not spam.", ("spam", "not_spam"), "not_spam"),
    ("İade", ("iade", "kargo"), "iade"),
    ("<think>\nnot shipping\n</think>\n\nbilling", TICKETS, "billing"),
    ("billing or network hardware", ("billing", "network hardware"), None),
    ("Therefore the correct option is (C).", LETTERS, "C"),
    ("The best option would be D", LETTERS, "D"),
    ("Options: A, B, C, D. The answer is: C", LETTERS, "C"),
    ("I'd say C", LETTERS, "C"),
    ("a", LETTERS, "A"),
    ("A, because a customer asked", LETTERS, "A"),
    ("The ticket is about billing. Category: billing", TICKETS, "billing"),
    ("Answer: A. Wait, no. Final answer: B", LETTERS, "B"),
    ("billing\nshipping", TICKETS, None),
    ("The intent is card_arrival", ("card_arrival", "card_delivery"), "card_arrival"),
    ("Class B", LETTERS, "B"),
]


@pytest.mark.parametrize(("reply", "labels", "label"), CASES)
def test_a_reply_names_one_label_or_none(reply: str, labels: tuple[str, ...], label: str | None) -> None:
    assert find_label(reply, labels) == label


@MANY
@given(
    numbers().filter(lambda n: "\u00a0" not in n),
    st.sampled_from(["{}", "It is {}", "Answer: {}.", "**{}**", "答案是{}。"]),
)
def test_a_number_is_found_as_a_whole_or_not_at_all(number: str, sentence: str) -> None:
    digits = tuple(str(digit) for digit in range(10))
    found = find_label(sentence.format(number), digits)
    assert found is None or number.lstrip("+") in (found, f"{found}!")


def test_every_label_is_found_in_its_own_reply_among_a_thousand() -> None:
    labels = tuple(f"intent_{number}_{'refund' if number % 2 else 'refund_status'}" for number in range(1024))
    assert [find_label(f"The intent is `{label}`.", labels) for label in labels] == list(labels)
