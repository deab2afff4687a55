"""What the plugin reads from options, kubeconfig, settings and the metadata of GGUF files."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sluice_operator.settings import Settings
from sluice_plugin.__main__ import main, parser
from sluice_plugin.errors import Refused
from sluice_plugin.models.gguf import mend_tokenizer
from sluice_plugin.models.ggufmeta import FileFacts
from sluice_plugin.options import access, context_namespace, namespace
from sluice_plugin.storage import profile_settings

CONFIG = {"contexts": [{"name": "a", "context": {"namespace": "team"}}, {"name": "b", "context": {}}]}


@pytest.mark.parametrize(
    ("documents", "namespace"),
    [
        ([{**CONFIG, "current-context": "a"}], "team"),
        ([{**CONFIG, "current-context": "b"}], "default"),
        ([{**CONFIG, "current-context": "c"}], "default"),
        ([{"current-context": "a"}, {**CONFIG, "current-context": "b"}], "team"),
        ([{}], "default"),
    ],
)
def test_the_namespace_is_that_of_the_current_context(
    documents: list[dict[str, Any]], namespace: str
) -> None:
    assert context_namespace(documents) == namespace


def test_a_context_that_is_named_comes_before_the_current_one() -> None:
    assert context_namespace([{**CONFIG, "current-context": "b"}], "a") == "team"


@pytest.mark.parametrize(
    "words", [["-n", "x", "status"], ["status", "-n", "x"], ["-n", "y", "status", "-n", "x"]]
)
def test_options_of_the_cluster_stand_before_or_behind_the_verb(words: list[str]) -> None:
    args = parser().parse_args([*words, "--context", "a", "--as", "pat"])
    assert namespace(args) == "x"
    assert (access(args).context, access(args).user) == ("a", "pat")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("kubectl-sluice 0.")


@pytest.mark.parametrize("text", ["{{", "[]", "kind: Config", "contexts: 3", "current-context: a"])
def test_a_kubeconfig_that_cannot_be_read_is_refused_with_its_name(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    assert main(["status", "--kubeconfig", str(file)]) == 1
    assert f"kubectl sluice: the kubeconfig {file} cannot be used" in capsys.readouterr().err


def settings(*allowed: str) -> Settings:
    storage = {"name": "s", "allowedNamespaces": list(allowed), "prefix": "s3://bucket/{namespace}/"}
    return Settings.parse({"trainerImage": "t", "storage": [storage | {"endpoint": "http://s3"}]})


def test_the_storage_is_the_one_that_stages_of_the_namespace_use() -> None:
    found = profile_settings(settings("team"), "team")
    assert (found.root, found.endpoint) == ("s3://bucket/team", "http://s3")
    with pytest.raises(Refused, match="--root"):
        profile_settings(settings("team"), "other")


FACTS = (2048, "gpt2", "smollm")


@pytest.mark.parametrize(
    ("told", "mended"),
    [
        (FileFacts(*FACTS, end="<|im_end|>", padding="<|endoftext|>"), ("<|im_end|>", "<|endoftext|>")),
        (FileFacts(*FACTS, end="<|im_end|>"), ("<|im_end|>", "<|im_start|>")),
        (FileFacts(*FACTS), ("<|im_start|>", "<|im_start|>")),
    ],
)
def test_tokens_that_were_read_wrongly_are_mended_and_no_other(
    told: FileFacts, mended: tuple[str, str]
) -> None:
    read = SimpleNamespace(eos_token="<|im_start|>", pad_token="<|im_start|>")
    mend_tokenizer(read, told)
    assert (read.eos_token, read.pad_token) == mended
