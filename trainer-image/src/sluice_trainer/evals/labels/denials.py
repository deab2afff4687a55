"""Whether a reply says that a label is not the answer.

A negation counts for all labels of its clause. This finds too many: a reply then has no label, never a wrong
one.
"""

import re
from typing import Final

_ENGLISH: Final = (
    r"not(?! only\b| just\b)|\w*n't|cannot|(?:do|does|did|is|was|are|ca|wo|would|could|should)nt"
    r"|never|neither|nor"
    r"|no(?! doubt\b| question\b)|none|nothing|without(?! doubt\b| a doubt\b)|except|hardly|barely|unlikely"
    r"|unrelated|unlike|lacks?|avoid\w*|exclud\w+|eliminat\w+|reject\w*|dismiss\w*"
    r"|(?<!no )(?<!without )(?<!a )doubt(?:ful)?"
    r"|(?:rather|other|less likely|different|differs) (?:than|from)|instead of|as opposed to"
    r"|anything but|far from|opposite of|whether"
    r"|least likely|rul(?:e|es|ed|ing) (?:it )?out|fails? to"
)
_OTHERS: Final = (
    r"nicht|kein\w*|weder|nie|niemals|nichts|ohne|außer|statt"  # German
    r"|pas|jamais|aucune?|ni|sans|sauf|rien|non"  # French
    r"|nunca|tampoco|ning[uú]n\w*|nada|excepto|jamás"  # Spanish
    r"|n[ãa]o|nem|nenhum\w*|sem|exceto"  # Portuguese
    r"|né|nessun\w*|niente|senza|tranne|neanche|nemmeno"  # Italian
    r"|niet|geen|nooit|niets|zonder|behalve"  # Dutch
    r"|inte|ej|aldrig|ingen|inget|inga|varken|ikke|aldri"  # Swedish, Danish, Norwegian
    r"|nigdy|ani|żad\w+|bez|oprócz|není|nikdy|žádn\w*"  # Polish, Czech
    r"|không|chẳng|chưa|đừng|bukan\w*|tidak\w*|tanpa|jangan"  # Vietnamese, Indonesian
    r"|[وف]?(?:ليس\w*|لیس|لا|لم|لن|غير|بدون|نیست|نه)"  # Arabic, Persian
    r"|δεν?|όχι|μην?|ούτε|χωρίς|לא|אין|אינ\w+|בלי"  # Greek, Hebrew
    r"|не|нет|ни|никогда|без|кроме|нельзя|немає|ні"  # Russian, Ukrainian
    r"|değil\w*|asla|hiç"  # Turkish
)
_UNBOUNDED: Final = (
    "不(?![仅僅但错錯])|并非|並非|非$|没|沒|未|无(?!疑)|無(?!疑)"
    "|ไม่|มิใช่|ない|なく|ません|아니|아닙|아님|않|없|못|틀렸|틀린|नहीं|না|নয়"
)
_NEGATION: Final = re.compile(rf"(?<!\w)(?:{_ENGLISH}|{_OTHERS})(?!\w)|{_UNBOUNDED}", re.IGNORECASE)
_OTHER_NEGATION: Final = re.compile(rf"(?<!\w)(?:{_OTHERS})(?!\w)|{_UNBOUNDED}", re.IGNORECASE)
_CLAUSE: Final = re.compile(
    r"[.,;:!?…\n(){}\[\]<>|。，、；：！？،؛]|\s-\s|而是|所以|因此"
    r"|(?<!anything )(?<!\w)(?:but|so|therefore|hence|thus|because|since|although|though|while"
    r"|sondern|aber|mais|donc|sino|pero"
    r"|mas|portanto|quindi|maar|utan|але|но|а|ale|lecz|melainkan|بل|لكن|אלא|αλλά|fakat|ama)(?!\w)",
    re.IGNORECASE,
)
"""Where a clause ends."""
_BEHIND: Final = re.compile(
    r"(?<!\w)(?:and|or|rather|instead|as|when|if|that|which|who|where|und|et|y|e|и)(?!\w)", re.I
)
"""Where what is said about a label ends as well."""
_VERB: Final = re.compile(
    r"(?:(?:label|category|class|option|answer|topic|intent) )?(?:is|are|was|were|would|will|can|could|should"
    r"|may|might|must|do|does|did|seems?|looks?|appears?|has|have)(?:n't|not|nt)?(?!\w)",
    re.IGNORECASE,
)
_WRONG: Final = re.compile(
    r"(?<!\w)(?:wrong|incorrect\w*|false|inaccurate|irrelevant|inappropriate|invalid|out)(?!\w)",
    re.IGNORECASE,
)
_REFUSED: Final = re.compile(
    r"[\s\"'*_`)\]}]*(?:\?+\s*(?:no|nope|nein|non|нет|いいえ|不)(?!\w)"
    r"|or (?:something|anything|somewhere|another|some other|none|neither|not)(?!\w)"
    r"|(?:est faux|ist falsch|es incorrect[oa])(?!\w))"
    r"|[\"'*_`)\]」』]*[与與和跟]?[无無][关關]",
    re.IGNORECASE,
)
_QUESTION: Final = re.compile(
    r"[^.!?。\n]*[?？]|[).:\]*]*\s*(?:no|wrong|incorrect|false)\s*(?:[.,;!\n]|$)", re.I
)
"""A label in a question, and one that is marked as wrong: `A) incorrect`."""
_ASIDE: Final = re.compile(
    r"(?<!\w)(not|\w+n't|never|nicht|niet|inte|ikke|pas|nie|не),[^,.;:!?\n]{1,40},(?!\w)", re.IGNORECASE
)
"""A few words between a negation and what it denies: `is not, in my view, billing`."""
_SUPPOSED: Final = re.compile(
    r"(?<!\w)(?:(?:if|unless)\s+(?!so\b)(?:\w+\s+){1,4}(?:were|was|is|are|had been)"
    r"(?:\s+(?:about|for|an?|the))?"
    r"|(?:were|had)\s+(?:it|this|that|the\s+\w+)(?:\s+been)?)$",
    re.IGNORECASE,
)
"""Before a label that is only supposed: `If the text were billing`."""
_CONFIRMED: Final = re.compile(
    r"[\s\"'*_`)\]}]*[?？][\s\"'*_`(]*(?:yes|yep|yeah|correct|ja|oui|sí|sim|sì|да|はい|是的|对|네)(?!\w)",
    re.IGNORECASE,
)
"""After a label that the reply asks for and grants: `spam? yes`."""
_OPENING: Final = " \t\r\n\"'*_`(:[{「『«"
_CLOSING: Final = " \"'*_`)]}」』»"
_LOOK_AROUND: Final = 80


def denied(text: str, start: int, end: int) -> bool:
    """Whether the label at this place is one that the reply says it is not."""
    return _denied_before(text, start, text[start:end]) or _denied_behind(text, end)


def is_negation(word: str) -> bool:
    """Whether a label is itself a word that denies others, such as `no`."""
    return _NEGATION.fullmatch(word) is not None


def _denied_before(text: str, start: int, label: str) -> bool:
    before = text[max(0, start - _LOOK_AROUND) : start].rstrip(_OPENING)
    clause = _CLAUSE.split(_ASIDE.sub(r"\1", before))[-1]
    return _SUPPOSED.search(before) is not None or any(
        found[0].casefold() != label.casefold() for found in _NEGATION.finditer(clause)
    )


def _denied_behind(text: str, end: int) -> bool:
    near = text[end : end + _LOOK_AROUND]
    if _CONFIRMED.match(near):
        return False
    if _REFUSED.match(near) or _QUESTION.match(near):
        return True
    behind = near.lstrip(_CLOSING)
    clause = _BEHIND.split(_CLAUSE.split(behind, maxsplit=1)[0], maxsplit=1)[0]
    verb = _VERB.match(clause)
    if verb and (_NEGATION.search(clause) or _WRONG.search(clause)):
        return True
    return _OTHER_NEGATION.search(clause) is not None
