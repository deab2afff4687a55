"""Token shards come back as they were written."""

from pathlib import Path

import numpy as np
import pytest

from sluice_trainer.data.shards import IGNORE, Document, ShardReader, shard_path, write_shards


def _document(*ids: int, answer: int) -> Document:
    labels = [IGNORE] * (len(ids) - answer) + list(ids[len(ids) - answer :])
    return Document(np.array(ids, dtype=np.int32), np.array(labels, dtype=np.int32))


DOCUMENTS = [_document(1, 2, 3, answer=1), _document(4, 5, answer=1), _document(6, 7, 8, 9, answer=2)]


def test_packs_come_back_in_their_order_with_document_lengths(tmp_path: Path) -> None:
    stats = write_shards(tmp_path, "train", DOCUMENTS, [[2], [1, 0]])
    reader = ShardReader(tmp_path, "train")
    assert (stats.rows, stats.tokens, stats.answer_tokens, stats.packs) == (3, 9, 4, 2)
    first, second = reader
    assert (first.ids.tolist(), first.labels.tolist()) == ([6, 7, 8, 9], [IGNORE, IGNORE, 8, 9])
    assert second.ids.tolist() == [4, 5, 1, 2, 3]
    assert second.labels.tolist() == [IGNORE, 5, IGNORE, IGNORE, 3]
    assert second.doc_lengths == (2, 3)


def test_the_first_token_of_a_document_never_carries_loss(tmp_path: Path) -> None:
    stats = write_shards(tmp_path, "train", [_document(1, 2, answer=2)], [[0]])
    assert stats.answer_tokens == 1
    assert ShardReader(tmp_path, "train").pack(0).labels.tolist() == [IGNORE, 2]


def test_shards_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    write_shards(tmp_path, "train", DOCUMENTS, [[0, 1, 2]])
    path = shard_path(tmp_path, "train", "labels")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match="do not fit together"):
        ShardReader(tmp_path, "train")


def test_a_split_that_was_not_written_is_not_empty_but_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ShardReader(tmp_path, "validation")


def test_a_pack_outside_the_range_is_an_error(tmp_path: Path) -> None:
    write_shards(tmp_path, "train", DOCUMENTS, [[0, 1, 2]])
    with pytest.raises(IndexError):
        ShardReader(tmp_path, "train").pack(1)
