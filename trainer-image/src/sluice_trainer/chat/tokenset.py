"""Writes the token shards of a pack for one tokenizer and one length, and describes them."""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.chat.documents import documents
from sluice_trainer.chat.samples import describe_samples, unexpected_loss
from sluice_trainer.chat.tokenizer import ChatTokenizer, Messages
from sluice_trainer.chat.tokenspec import SplitTokens, TokenDetails, TokenSpec
from sluice_trainer.chat.unusable import CAUSES, Unusable
from sluice_trainer.data.packing import efficiency, pack_documents
from sluice_trainer.data.rows import Row, read_rows
from sluice_trainer.data.shards import Document, ShardReader, ShardStats, write_shards
from sluice_trainer.data.splitting import TRAIN, VALIDATION
from sluice_trainer.data.spool import Spool

SAMPLES_NAME: Final = "samples.json"
_PROVEN_ROWS: Final = 64
"""Rows whose labels are decoded and compared before anything is written."""

_TOLD_ENDS: Final = 4
_EXAMPLES: Final = 10
"""Rows that are named for each code."""
_EXAMPLE_LETTERS: Final = 200


@dataclass
class _Seen:
    """Numbers about rows, gathered while they pass."""

    skipped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    needed: int = 0
    truncated: int = 0
    prompts: set[int] = field(default_factory=set)
    duplicate_prompts: int = 0
    words: int = 0

    def note(self, row: Row) -> Row:
        """Count a row on its way."""
        prompt = hash(tuple((m["role"], m["content"]) for m in row.prompt))
        self.duplicate_prompts += prompt in self.prompts
        self.prompts.add(prompt)
        self.words += len(row.answer.split())
        return row

    def skip(self, row: Row, cause: Unusable) -> None:
        """Count a row that yields no document, and remember where it came from."""
        self.skipped[cause.code] += 1
        self.needed = max(self.needed, cause.needed)
        examples = self.examples.setdefault(cause.code, [])
        if len(examples) < _EXAMPLES:
            examples.append(f"{row.source}:{row.line}: {cause.detail}"[:_EXAMPLE_LETTERS])


def write_token_set(
    tokenizer: ChatTokenizer, pack: Path, spec: TokenSpec, folder: Path, scratch: Path
) -> TokenDetails:
    """Write shards and samples of a fetched pack. Raises InputWrong when no row yields an answer token."""
    ends = _prove_masks(tokenizer, pack, spec)
    seen = _Seen()
    train = _write_split(tokenizer, TRAIN, pack, spec, folder, scratch, seen)
    if train is None:
        raise _nothing_to_learn(seen)
    samples = describe_samples(tokenizer, _first(pack, 3), spec.loss_on, spec.length)
    (folder / SAMPLES_NAME).write_text(json.dumps(samples, ensure_ascii=False, indent=2), encoding="utf-8")
    return TokenDetails(
        sequence_length=spec.length,
        vocab_size=tokenizer.size,
        masked_rows=train.skipped_rows,
        duplicate_prompts=seen.duplicate_prompts,
        answer_ends=ends,
        answer_words=round(seen.words / (train.rows + train.skipped_rows), 4),
        train=train,
        validation=_write_split(tokenizer, VALIDATION, pack, spec, folder, scratch, _Seen()),
    )


def _write_split(
    tokenizer: ChatTokenizer,
    split: str,
    pack: Path,
    spec: TokenSpec,
    folder: Path,
    scratch: Path,
    seen: _Seen,
) -> SplitTokens | None:
    """None when the split yields no document."""
    spool = Spool(scratch, split)
    rows = (seen.note(row) for row in read_rows(pack, split))
    with spool:
        for document in _documents(tokenizer, rows, spec, seen):
            spool.append(document)
    if not len(spool):
        return None
    packs = pack_documents(spool.lengths, spec.length) if spec.packing else [[i] for i in range(len(spool))]
    stats = write_shards(folder, split, spool, packs)
    return _describe(stats, seen, spec, spool.lengths, ShardReader(folder, split))


def _documents(
    tokenizer: ChatTokenizer, rows: Iterable[Row], spec: TokenSpec, seen: _Seen
) -> Iterator[Document]:
    waiting: deque[Row] = deque()

    def conversations() -> Iterator[Messages]:
        for row in rows:
            waiting.append(row)
            yield row.messages

    for outcome in documents(tokenizer, conversations(), spec.loss_on, spec.length):
        row = waiting.popleft()
        if isinstance(outcome, Unusable):
            seen.skip(row, outcome)
        else:
            seen.truncated += outcome.truncated
            yield outcome.document


def _describe(
    stats: ShardStats, seen: _Seen, spec: TokenSpec, lengths: list[int], packs: ShardReader
) -> SplitTokens:
    return SplitTokens(
        rows=stats.rows,
        skipped=dict(sorted(seen.skipped.items())),
        examples={code: tuple(told) for code, told in sorted(seen.examples.items())},
        needed_length=seen.needed,
        truncated_rows=seen.truncated,
        tokens=stats.tokens,
        answer_tokens=stats.answer_tokens,
        packs=stats.packs,
        largest_answer=max(Document(pack.ids, pack.labels).answer_tokens for pack in packs),
        fill_percent=round(100 * efficiency(lengths, stats.packs, spec.length).fill, 2),
    )


def _prove_masks(tokenizer: ChatTokenizer, pack: Path, spec: TokenSpec) -> tuple[int, ...]:
    """Last tokens of the first rows, after their labels were decoded and compared."""
    rows = _first(pack, _PROVEN_ROWS)
    for row in rows:
        problem = unexpected_loss(tokenizer, row.messages, spec.loss_on)
        if problem is not None:
            raise InputWrong(reasons.CHAT_TEMPLATE_UNSUPPORTED, f"row {row.id}: {problem}")
    outcomes = documents(tokenizer, (row.messages for row in rows), spec.loss_on, spec.length)
    ends = {int(o.document.ids[-1]) for o in outcomes if not isinstance(o, Unusable)}
    return tuple(sorted(ends)[:_TOLD_ENDS])


def _first(pack: Path, count: int) -> list[Row]:
    return [row for row, _ in zip(read_rows(pack, TRAIN), range(count), strict=False)]


def _nothing_to_learn(seen: _Seen) -> InputWrong:
    """The reason of the cause that most rows share, and a row of each cause."""
    if not seen.skipped:
        return InputWrong(reasons.TOO_FEW_ROWS, "the train split is empty")
    counts = seen.skipped.most_common()
    cause = CAUSES[counts[0][0]]
    length = f" to {seen.needed}" if cause.reason is reasons.SEQUENCE_TOO_SHORT else ""
    told = "; ".join(f"{code} {count}, first {seen.examples[code][0]}" for code, count in counts)
    message = f"no row can be trained on: {cause.what} ({told})"
    return InputWrong(cause.reason, f"{message}; {cause.advice}{length}")
