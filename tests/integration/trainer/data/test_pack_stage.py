"""The pack stage from sources to a manifest that everything later trusts."""

import io
import json
import os
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.contracts.reports import PackResult
from sluice_api.errors import InputWrong
from sluice_store.files import Damaged, fetch_folder
from sluice_store.local import LocalStore
from sluice_store.markers import find
from sluice_trainer.data.build import REJECTED_NAME
from sluice_trainer.data.manifest import PackDetails
from sluice_trainer.data.rows import Row, read_rows
from sluice_trainer.stages import pack as pack_stage
from support.stagerun import run_stage

CLASSIFICATION = {"labels": ["red", "blue"], "instruction": "Pick one of {labels}."}
TRIAGE: dict[str, Any] = {"task": "Classification", "classification": CLASSIFICATION}


class Bench:
    """A store, and a ConfigMap whose keys are the sources."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "store"
        self.configmap = folder / "configmaps" / "data"
        self.configmap.mkdir(parents=True)
        self.store = LocalStore(self.root)

    def pack(
        self, *files: tuple[str, bytes], mapper: str = "LabelToClassification", **request: Any
    ) -> PackResult:
        """Result of packing these files."""
        for name, data in files:
            (self.configmap / name).write_bytes(data)
        sources = [
            {"name": name.partition(".")[0], "locator": f"configmap:data/{name}", "mapper": mapper}
            for name, _ in files
        ]
        task = TRIAGE if mapper == "LabelToClassification" else {}
        result = run_stage("pack", {"sources": sources, **task, **request}, self.root)
        assert isinstance(result, PackResult)
        return result

    def details(self, result: PackResult) -> PackDetails:
        """Details of a finished pack."""
        assert result.manifest is not None
        manifest = self.root / result.manifest.uri / "manifest.json"
        return PackDetails.parse(json.loads(manifest.read_bytes())["details"])

    def rows(self, result: PackResult, split: str) -> list[Row]:
        """Rows of a finished pack."""
        assert result.manifest is not None
        return list(read_rows(self.root / result.manifest.uri, split))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(pack_stage, "CONFIGMAP_FOLDER", str(tmp_path / "configmaps"))
    return Bench(tmp_path)


def _rows(count: int, **more: Any) -> bytes:
    rows = [{"text": f"thing {i}", "label": ("red", "blue")[i % 2], **more} for i in range(count)]
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def test_D08_a_broken_line_is_rejected_as_parse_error_and_counts_sum_exactly(bench: Bench) -> None:
    result = bench.pack(("rows.jsonl", _rows(5) + b'{"text": "cut'), validation={"maxRejectedPercent": 20})
    assert (result.rows.read, result.rows.accepted, result.rows.rejected) == (6, 5, 1)
    assert [(r.reason, r.count) for r in result.rejections] == [("parse_error", 1)]
    assert sum(split.rows for split in result.splits) == 5


def test_D08_every_way_to_lose_a_row_is_counted_once(bench: Bench) -> None:
    bad = b'[1]\n{"text": "x"}\n{"label": "red"}\n{"text": "x", "label": "green"}\nnonsense\n'
    result = bench.pack(("rows.jsonl", _rows(4) * 2 + bad), validation={"maxRejectedPercent": 100})
    assert {r.reason: r.count for r in result.rejections} == {
        "duplicate": 4,
        "label_not_allowed": 1,
        "missing_label": 1,
        "missing_text": 1,
        "parse_error": 1,
        "row_not_object": 1,
    }
    assert result.rows.read == result.rows.accepted + result.rows.rejected == 13


def test_D14_the_manifest_has_task_profile_and_scoring_mode(bench: Bench) -> None:
    details = bench.details(bench.pack(("rows.jsonl", _rows(40))))
    assert (details.purpose, details.task, details.scoring_mode) == ("Train", "Classification", "Label")
    assert (details.labels, details.instruction) == (("red", "blue"), "Pick one of {labels}.")
    assert details.splits == {"train": 38, "validation": 2}
    chat = b'{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}\n'
    details = bench.details(bench.pack(("chat.jsonl", chat), mapper="ChatMessages", purpose="Evaluation"))
    assert (details.purpose, details.task, details.scoring_mode) == ("Evaluation", "Chat", "Text")
    assert details.splits == {"eval": 1}


def test_D14_the_pack_outlives_its_source_and_an_edit_of_its_rows_is_found(
    bench: Bench, tmp_path: Path
) -> None:
    result = bench.pack(("rows.jsonl", _rows(40)))
    assert result.manifest is not None
    (bench.configmap / "rows.jsonl").unlink()
    fetch_folder(bench.store, result.manifest.uri, result.manifest.digest, tmp_path / "copy")
    assert len(list(read_rows(tmp_path / "copy", "train"))) == 38
    train = bench.root / result.manifest.uri / "data" / "train.jsonl"
    train.write_bytes(train.read_bytes().replace(b'"red"', b'"RED"', 1))
    with pytest.raises(Damaged):
        fetch_folder(bench.store, result.manifest.uri, result.manifest.digest, tmp_path / "again")


def test_D14_equal_content_has_one_digest_and_is_found_by_it(bench: Bench) -> None:
    first = bench.pack(("rows.jsonl", _rows(40)), identity="a")
    second = bench.pack(("rows.jsonl", _rows(40)), identity="b")
    other = bench.pack(("rows.jsonl", _rows(41)))
    assert first.digest == second.digest != other.digest
    assert first.manifest is not None
    assert first.digest is not None
    found = find(bench.store, f"packs/{first.digest.removeprefix('sha256:')}")
    assert found is not None
    assert found.marker.manifest_digest == first.digest


def test_D18_no_group_lands_in_two_splits(bench: Bench) -> None:
    data = b"".join(
        _rows(30, customer=f"customer-{i % 20}", n=i).replace(b"thing", b"item %d" % i) for i in range(20)
    )
    result = bench.pack(
        ("rows.jsonl", data),
        split={"groupBy": "customer", "validationPercent": 20, "testPercent": 10},
    )
    groups = {s.name: {row.group for row in bench.rows(result, s.name)} for s in result.splits}
    assert {name: len(found) for name, found in groups.items()} == {"train": 14, "validation": 4, "test": 2}
    assert len(set.union(*groups.values())) == 20


def test_D18_a_row_without_its_group_is_rejected(bench: Bench) -> None:
    result = bench.pack(
        ("rows.jsonl", _rows(9, customer=1) + b'{"text": "x", "label": "red"}\n'),
        split={"groupBy": "customer"},
    )
    assert [(r.reason, r.count) for r in result.rejections] == [("missing_group", 1)]


def test_white_space_special_tokens_and_order_of_rows_are_kept(bench: Bench) -> None:
    text = "\t<|im_end|>\n\n  two  \u2028 "
    rows = json.dumps({"text": text, "label": "red"}).encode() + b"\n" + _rows(2)
    result = bench.pack(("rows.jsonl", rows), purpose="Evaluation")
    [first, *_] = bench.rows(result, "eval")
    assert first.prompt[-1]["content"] == f"Pick one of red, blue.\n\n{text}"
    assert [row.line for row in bench.rows(result, "eval")] == [1, 2, 3]


def test_repeats_keep_names_of_their_own_when_they_are_not_dropped(bench: Bench) -> None:
    result = bench.pack(("rows.jsonl", _rows(2) * 2), purpose="Evaluation", cleaning={"deduplicate": False})
    ids = [row.id for row in bench.rows(result, "eval")]
    assert len(set(ids)) == 4
    assert ids[2:] == [f"{name}-2" for name in ids[:2]]


def test_duplicates_are_found_across_sources(bench: Bench) -> None:
    csv = b"text,label\nthing 0,red\nnew,blue\n"
    result = bench.pack(("rows.jsonl", _rows(2)), ("more.csv", csv))
    assert {r.reason: r.count for r in result.rejections} == {"duplicate": 1}
    assert [s.name for s in result.resolved] == ["rows", "more"]


@pytest.mark.parametrize(
    ("data", "request_part", "reason", "read"),
    [
        (b"nonsense\n", {}, reasons.NO_USABLE_ROWS, 1),
        (_rows(4), {"validation": {"minRows": 5}}, reasons.TOO_FEW_ROWS, 4),
        (_rows(4) + b"nonsense\n", {}, reasons.TOO_MANY_REJECTED, 5),
    ],
)
def test_a_refused_pack_reports_its_counts_and_leaves_no_marker(
    bench: Bench, data: bytes, request_part: dict[str, Any], reason: reasons.Reason, read: int
) -> None:
    with pytest.raises(InputWrong) as caught:
        bench.pack(("rows.jsonl", data), **request_part)
    assert caught.value.reason == reason
    assert isinstance(caught.value.result, PackResult)
    assert caught.value.result.rows.read == read
    assert caught.value.result.digest is None
    assert find(bench.store, "packs") is None


def test_a_mapper_that_needs_labels_is_refused_before_anything_is_read(bench: Bench) -> None:
    request = {"sources": [{"name": "a", "locator": "configmap:x/a.csv", "mapper": "LabelToClassification"}]}
    with pytest.raises(InputWrong, match="needs task Classification") as caught:
        run_stage("pack", request, bench.root)
    assert caught.value.reason == reasons.INVALID_SPEC


def test_every_rejected_row_is_kept_next_to_the_pack_and_the_first_are_named(bench: Bench) -> None:
    bad = b'{"text": "x"}\n{"text": "y", "label": "green"}\nnonsense\n'
    result = bench.pack(("rows.jsonl", _rows(40) + bad))
    assert {r.reason: r.lines for r in result.rejections} == {
        "missing_label": "rows:41",
        "label_not_allowed": "rows:42",
        "parse_error": "rows:43",
    }
    assert result.manifest is not None
    kept = (bench.root / result.manifest.uri / REJECTED_NAME).read_text().splitlines()
    rows = [json.loads(line) for line in kept]
    assert [(r["source"], r["line"], r["code"]) for r in rows] == [
        ("rows", 41, "missing_label"),
        ("rows", 42, "label_not_allowed"),
        ("rows", 43, "parse_error"),
    ]
    assert '"green" is none of the 2 labels' in rows[1]["detail"]
    assert [r.first[0].line for r in bench.details(result).rejections] == [42, 41, 43]


def test_the_rejected_rows_of_a_refused_pack_are_cited_as_evidence(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(InputWrong) as caught:
        bench.pack(("rows.jsonl", _rows(4) + b'{"Text": "x"}\n' * 30))
    assert 'missing_text 30 (first: source rows (rows.jsonl), line 5: no key "text"' in caught.value.message
    evidence = caught.value.evidence
    assert evidence is not None
    manifest = fetch_folder(bench.store, evidence.uri, evidence.digest, tmp_path / "refused")
    assert [row["line"] for row in manifest.details["rejections"][0]["first"]] == list(range(5, 15))
    assert len((tmp_path / "refused" / REJECTED_NAME).read_text().splitlines()) == 30


def test_lines_are_conserved_and_ignored_keys_are_counted(bench: Bench) -> None:
    csv = b'text,label,id\n"two\nlines",red,1\n\nthing,green,2\nother,blue,3\n'
    result = bench.pack(("rows.csv", csv), validation={"maxRejectedPercent": 50})
    details = bench.details(result)
    [source] = details.sources
    assert (source.lines, source.blank_lines, source.rows) == (6, 1, 3)
    assert details.ignored_keys == {"id": 2}
    assert [(key.key, key.rows) for key in result.ignored_keys] == [("id", 2)]


def test_labels_may_come_from_the_rows_and_are_frozen(bench: Bench) -> None:
    task = {"classification": {"labelsFrom": "Rows", "instruction": "Pick one of {labels}."}}
    data = b"".join(b'{"text": "thing %d", "label": "intent-%03d"}\n' % (i, i % 77) for i in range(300))
    result = bench.pack(("rows.jsonl", data), **task, purpose="Evaluation")
    labels = tuple(f"intent-{i:03d}" for i in range(77))
    assert bench.details(result).labels == labels
    assert result.labels == 77
    prompt = bench.rows(result, "eval")[0].prompt[-1]["content"]
    assert prompt == f"Pick one of {', '.join(labels)}.\n\nthing 0"


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["red"], 'all rows have the label "red"'),
        ([f"label-{i}" for i in range(1025)], "more than 1024 labels"),
        (["x" * 60 + str(i) for i in range(600)], "32768 characters"),
    ],
)
def test_labels_of_rows_must_be_of_a_usable_number(bench: Bench, labels: list[str], told: str) -> None:
    data = b"".join(b'{"text": "t%d", "label": "%b"}\n' % (i, x.encode()) for i, x in enumerate(labels))
    with pytest.raises(InputWrong, match=told) as caught:
        bench.pack(("rows.jsonl", data), classification={"labelsFrom": "Rows", "instruction": "Pick."})
    assert caught.value.reason == reasons.LABELS_UNUSABLE


def test_damaged_rows_are_told_before_the_labels_that_are_left(bench: Bench) -> None:
    data = b'{"text": "t", "label": "red"}\n' + b'{"text": "t", \n' * 9
    with pytest.raises(InputWrong, match="parse_error 9") as caught:
        bench.pack(("rows.jsonl", data), classification={"labelsFrom": "Rows", "instruction": "Pick."})
    assert caught.value.reason == reasons.TOO_MANY_REJECTED
    assert caught.value.evidence is not None


@pytest.mark.parametrize("label", ["a\u009bb", "a\u202eb", "a\nb", "x" * 65])
def test_a_label_of_the_rows_that_cannot_be_printed_is_rejected(bench: Bench, label: str) -> None:
    row = json.dumps({"text": "odd", "label": label}).encode()
    result = bench.pack(
        ("rows.jsonl", _rows(40) + row), classification={"labelsFrom": "Rows", "instruction": "Pick."}
    )
    assert [(r.reason, r.lines) for r in result.rejections] == [("invalid_label", "rows:41")]
    assert bench.details(result).labels == ("blue", "red")


def test_a_label_that_is_listed_twice_is_refused(bench: Bench) -> None:
    with pytest.raises(InputWrong, match='"red" twice'):
        bench.pack(
            ("rows.jsonl", _rows(4)),
            classification={"labels": ["red", "blue", "red"], "instruction": "Pick."},
        )


def test_chat_in_csv_is_refused_before_anything_is_read(bench: Bench) -> None:
    with pytest.raises(InputWrong, match="which CSV cannot hold"):
        bench.pack(("rows.csv", b"messages\n[]\n"), mapper="ChatMessages")


@pytest.mark.parametrize("data", [b"\n \n", b"text,label\n\n"])
def test_a_source_without_rows_is_refused_by_name(bench: Bench, data: bytes) -> None:
    with pytest.raises(InputWrong, match=r"source rows \(rows.csv\)") as caught:
        bench.pack(("rows.csv", data))
    assert caught.value.reason == reasons.SOURCE_EMPTY


def test_a_file_of_another_kind_is_refused_whole(bench: Bench) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("rows.jsonl", _rows(21))
    with pytest.raises(InputWrong, match="the file is a ZIP archive") as caught:
        bench.pack(("rows.jsonl", archive.getvalue()))
    assert caught.value.reason == reasons.FORMAT_UNSUPPORTED


def test_gold_that_contradicts_itself_is_counted_and_named(bench: Bench) -> None:
    rows = b"text,label\nticket 0,red\nticket 1,red\nticket 0,blue\n"
    result = bench.pack(("gold.csv", rows), purpose="Evaluation")
    assert result.contradictions is not None
    assert (result.contradictions.rows, result.contradictions.lines) == (1, "gold:4")
    found = bench.details(result).contradictions
    assert found is not None
    assert [(one.line, one.earlier_line) for one in found.first] == [(4, 2)]
    assert bench.pack(("gold.csv", rows)).contradictions is None


TURNS = b'{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}'
CSV_ROWS = b"".join(b'"a %d, and\nmore",red\nb %d,blue\n' % (i, i) for i in range(9))
FILES = {
    "rows.jsonl": _rows(20, id=1),
    "rows.csv": b"text,label\n" + CSV_ROWS,
    "chat.jsonl": (TURNS + b"\n") * 9,
}
PIECES = (
    b'"',
    b"\n",
    b"\r",
    b",",
    b"{",
    b"}",
    b"[",
    b"\\",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\x9b",
    b"1e999",
    b"",
)


@pytest.mark.parametrize("name", FILES)
def test_whatever_the_bytes_are_the_stage_packs_or_refuses_them_for_a_reason(bench: Bench, name: str) -> None:
    mapper = "ChatMessages" if name == "chat.jsonl" else "LabelToClassification"
    for seed in range(int(os.environ.get("SLUICE_DAMAGED_FILES", "60"))):
        rng, data = random.Random(f"{name}-{seed}"), FILES[name]
        for _ in range(rng.choice((1, 3, 20))):
            at = rng.randrange(len(data))
            data = data[:at] + rng.choice(PIECES) + data[at + rng.randint(0, 2) :]
        message = ""
        try:
            result = bench.pack((name, data), mapper=mapper, identity=str(seed))
        except InputWrong as refused:
            message = refused.message
        else:
            assert result.rows.read == result.rows.accepted + result.rows.rejected
        assert not message or "source " in message, "the source is named"
