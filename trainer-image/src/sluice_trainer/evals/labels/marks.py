"""What in a reply announces an answer, names labels together, and takes an answer back."""

import re
from typing import Final

_NOUNS: Final = (
    "answer|label|category|class|classification|intent|sentiment|emotion|rating|topic|choice|option|verdict|prediction|output"
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
_FINAL: Final = (
    r"(?:final|corrected|revised) (?:answer|label|category|classification|choice|decision|verdict)\b"
)
ANSWER: Final = re.compile(
    rf"(?P<final>(?<![^\W_]){_FINAL}[\"'*_`\s\])]*(?:{_LINKS})|\\boxed\s*\{{|<(?:answer|output)>|#### )"
    rf"|(?<![^\W_])(?:{_NOUNS})[\"'*_`\s\])]*(?:{_LINKS})|\b(?:{_VERBS})\b|{_SIGNS}",
    re.IGNORECASE,
)
"""An answer mark, such as `The answer is`, `"label":`, `belongs to`, `\\boxed{`.

Where marks announce different labels, only those count that are said to be final.
"""
_OTHER: Final = re.compile(r"[\s*_\"'(\[$]*(?:[^\W\d_]|\d+)(?=[*_\"')\].,:}$\n]|$)")
"""A letter or a number, set off."""
_ELSE: Final = re.compile(r"[ \t*_\"'(\[]*[^\W\d_]+[ \t.*_\"')\]]*\n")
"""One word that is all of the line behind a mark."""
_FAR: Final = re.compile(r"\w.*[.!?;。\n]", re.DOTALL)
_NEAREST: Final = 40
_WORD: Final = re.compile(r"\w+")
_STOP: Final = re.compile(r"[.!?。\n]")
_JOINS: Final = re.compile(
    "or|and|also|maybe|perhaps|possibly|probably|potentially|likely|even|as|well|plus|with|then|followed|by|along"
    "|together|either|both|in|addition|to|too|alternatively|but|could|be|may|might|else|if|not|vs|versus"
    "|sometimes|secondarily|the|a|an|category|label|class|option"
    "|oder|und|vielleicht|auch|ou|et|peut|être|aussi|o|y|quizás|também|también|или|и|أو|或|和|か|または"
    "|또는|이나|나|와|과|및"
)
"""Words between two labels that are named together."""
_RETRACTS: Final = re.compile(
    r"\b(?:wait|actually|correction|sorry|scratch that|on second thought|i mean|hmm)\b|\bno, (?:it|the)\b",
    re.IGNORECASE,
)


def announces(text: str, end: int, start: int) -> bool:
    """Whether a mark that ends at `end` and a label that begins at `start` belong together."""
    return start - end <= _NEAREST and not _FAR.search(text[end:start])


def names_other(text: str, end: int, start: int) -> bool:
    """Whether a letter or a number follows a mark, before the label that begins at `start`."""
    other = _OTHER.match(text, end)
    return other is not None and other.end() <= start


def answers_otherwise(text: str) -> bool:
    """Whether a mark announces a word that is no label. Then a label in a sentence is no answer."""
    return any(_ELSE.match(text, mark.end()) for mark in ANSWER.finditer(text))


def joins(text: str, end: int, start: int) -> bool:
    """Whether two labels are named together, as in `A or B`, by what is between them."""
    if start - end > _NEAREST:
        return False
    gap = text[end:start]
    words = _WORD.findall(gap.casefold())
    return all(map(_JOINS.fullmatch, words)) and bool(words or not _STOP.search(gap))


def retracts(text: str, start: int) -> bool:
    """Whether a reply takes back after `start` what it said before."""
    return _RETRACTS.search(text, start) is not None
