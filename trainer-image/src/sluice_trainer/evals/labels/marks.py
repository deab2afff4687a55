"""What in a reply announces an answer, and what denies a label."""

import re
from typing import Final

_NOUNS: Final = (
    "answer|label|category|class|classification|intent|sentiment|topic|choice|option|verdict|prediction|output"
    "|result|response|decision|conclusion|antwort|kategorie|réponse|catégorie|étiquette|respuesta|categoría"
    "|etiqueta|resposta|categoria|risposta|ответ|категория|метка|الجواب|الإجابة|الفئة|उत्तर|श्रेणी|คำตอบ"
    "|答案|标签|標籤|类别|類別|分类|分類|答え|回答|正解|ラベル|カテゴリ|정답|답변|답|라벨|분류"
)
_LINKS: Final = (
    r":|=>?|->|→|⇒|(?:would be|should be|must be|is|was|ist|lautet|est|es|é|è|есть)\b"
    "|هو|هي|है|คือ|是|为|為|は|が|은|는|이"
)
_VERBS: Final = (
    r"(?:classif|categori[sz]|label+|identif|described?)\w* (?:this |it )?(?:as|under)|belongs? (?:to|in)"
    "|falls? (?:under|into)|choose|pick|select|go with|going with|opt for"
)
_SIGNS: Final = r"\\boxed\s*\{|<(?:answer|label|output)>|\[\[|#### "
ANSWER: Final = re.compile(
    rf"(?<![^\W_])(?:{_NOUNS})[\"'*_`\s\])]*(?:{_LINKS})|\b(?:{_VERBS})\b|{_SIGNS}", re.IGNORECASE
)
"""An answer mark, such as `The answer is`, `"label":`, `belongs to`, `\\boxed{`."""
_FAR: Final = re.compile(r"\w.*[.!?;。\n]", re.DOTALL)
_NEAREST: Final = 40
_JOINS: Final = re.compile(
    r"[^\w.!?。\n]*(?:or|and|oder|und|ou|et|o|y|или|и|أو|或|和|か|または|또는)?[^\w.!?。\n]*", re.IGNORECASE
)
_DENIES: Final = re.compile(
    r"(?:(?:\b(?:not|never|neither|nor|no|without|except|rather than|instead of|nicht|keine?|pas|не)|n't)\s+"
    r"(?:an?|the|about|of|any|in|be|to be|really|necessarily)?\s*"
    r"|不是|并非|並非|不|非|没有|ไม่ใช่|ไม่)[\"'*_`(\[]*$",
    re.IGNORECASE,
)
_DENIES_AFTER: Final = re.compile(
    r"\W{0,3}(?:ではない|じゃない|ではありません|じゃありません|नहीं|이 아니|가 아니|아님)"
)
_LOOK_BACK: Final = 32


def announces(gap: str) -> bool:
    """Whether a mark and a label with this text between them belong together."""
    return len(gap) <= _NEAREST and not _FAR.search(gap)


def joins(gap: str) -> bool:
    """Whether two labels with this text between them are named together, as in `A or B`."""
    return _JOINS.fullmatch(gap) is not None


def denied(text: str, start: int, end: int) -> bool:
    """Whether the label at this place is one that the reply says it is not."""
    before = text[max(0, start - _LOOK_BACK) : start]
    return bool(_DENIES.search(before) or _DENIES_AFTER.match(text, end))
