"""Whether rows reach training as they are: left out, cut, or answered otherwise than they are asked."""

from typing import Final

from sluice_api import reasons
from sluice_trainer.chat.ending import answer_prefix
from sluice_trainer.chat.rendering import TemplateRefused
from sluice_trainer.chat.tokenizer import ChatTokenizer
from sluice_trainer.chat.tokenspec import SplitTokens
from sluice_trainer.chat.unusable import CAUSES
from sluice_trainer.preflight.check import Check, advised_against, ok, warned

SKIPPED_WARN: Final = 0.10
CUT_WARN: Final = 0.01
CUT_BLOCK: Final = 0.50


def fitting_checks(train: SplitTokens, length: int) -> list[Check]:
    """All checks of this module that need the shards."""
    return [skipped(train), cut(train, length)]


def skipped(train: SplitTokens) -> Check:
    """Rows without a document are lost to the run; the commonest cause says what to do."""
    share = train.skipped_rows / (train.rows + train.skipped_rows)
    if share <= SKIPPED_WARN:
        return ok("skipped_rows", round(share, 4), SKIPPED_WARN)
    code = max(sorted(train.skipped), key=lambda code: train.skipped[code])
    cause = CAUSES[code]
    length = f" to {train.needed_length}" if cause.reason is reasons.SEQUENCE_TOO_SHORT else ""
    message = f"{train.skipped_rows} rows left out, {code} {train.skipped[code]}: {cause.advice}{length}"
    return warned("skipped_rows", round(share, 4), SKIPPED_WARN, message)


def cut(train: SplitTokens, length: int) -> Check:
    """Rows that are longer than a sequence lose the middle of their longest turns."""
    share = train.truncated_rows / train.rows
    if share <= CUT_WARN:
        return ok("cut_rows", round(share, 4), CUT_WARN)
    found = f"{train.truncated_rows} of {train.rows} rows are longer than sequenceLength {length}"
    if share > CUT_BLOCK:
        message = f"{found}, and their prompts would be cut; raise sequenceLength or shorten the rows"
        return advised_against("cut_rows", round(share, 4), CUT_BLOCK, reasons.ROWS_CUT, message)
    return warned("cut_rows", round(share, 4), CUT_WARN, f"{found}: their prompts are cut in the middle")


def asked_as_trained(tokenizer: ChatTokenizer) -> Check:
    """A template may write before answers what its generation prompt does not end with."""
    try:
        written, asked = answer_prefix(tokenizer)
    except TemplateRefused:
        return ok("generation_prompt", "not told", "what stands before answers")
    if not written.strip() and not asked.strip():
        return ok("generation_prompt", "what stands before answers", "what stands before answers")
    message = (
        f"the template writes {written[:24]!r} before answers, its generation prompt {asked[:24]!r}; "
        "trained as generated"
    )
    return warned("generation_prompt", repr(asked), repr(written), message)
