"""One mutated model from import to evaluation, as its stages would run, in this process."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import ExitCode
from sluice_plugin.errors import Refused
from sluice_plugin.models.folder import stage_folder
from sluice_plugin.models.verb import import_folder
from sluice_store.local import LocalStore
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.engine import ArtifactReplies
from sluice_trainer.evals.results import Said
from sluice_trainer.models.folder import fetch_model
from sluice_trainer.outcome import ending_of
from sluice_trainer.stages import pack as pack_stage
from sluice_trainer.training import device
from support.stagerun import run_stage

Told = dict[str, Any]
HYPER = {"sequenceLength": 128, "maxSteps": 2, "globalBatchSize": 4, "learningRate": "1e-3"}
ADAPTERS = ({"type": "LoRA", "rank": 2, "alpha": 4}, {"type": "None"})
REFUSED_BY = ("import", "prepare")


def use_one_thread() -> None:
    """Tiny models learn no faster on two."""
    torch.set_num_threads(1)
    device.usable_cpus = lambda *_: 1  # type: ignore[assignment]


def make_pack(folder: Path) -> UriDigest:
    """A pack of few rows in a store below `folder`, which every life starts from."""
    rows = folder / "configmaps" / "data" / "rows.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text("".join(f"{json.dumps(_row(i))}\n" for i in range(12)))
    pack_stage.CONFIGMAP_FOLDER = str(folder / "configmaps")
    source = {"name": "rows", "locator": "configmap:data/rows.jsonl", "mapper": "ChatMessages"}
    request = {"sources": [source], "split": {"validationPercent": 0}}
    found: UriDigest = run_stage("pack", request, folder / "store").manifest
    return found


def _row(number: int) -> Told:
    said = [("user", f"question {number}"), ("assistant", f"answer {number}")]
    return {"messages": [{"role": role, "content": content} for role, content in said]}


def live(model: Path, packs: Path, pack: UriDigest, work: Path, number: int) -> Told:
    """How far the model came, and why no further."""
    stage = "import"
    try:
        root = work / "store"
        shutil.copytree(packs, root)
        staged = work / "staged"
        staged.mkdir()
        stage_folder(model, staged)
        import_folder(LocalStore(root), staged, "m")
        for name, step in _steps(root, pack, ADAPTERS[number % 2], work):
            stage = name
            step()
    except Refused as error:
        return {"stage": stage, "reason": "refused", "message": str(error)}
    except BaseException as error:
        ending = ending_of(error)
        fine = ending.code == ExitCode.INPUT_WRONG and stage in REFUSED_BY
        return {"stage": stage, "reason": ending.reason.code, "message": ending.message, "wrong": not fine}
    return {"stage": "done", "reason": "", "message": ""}


def _steps(root: Path, pack: UriDigest, adapter: Told, work: Path) -> Any:
    """Stages by name, each of which starts from what the one before left."""
    made: Told = {}
    common = {"adapter": adapter, "hyperparameters": HYPER}

    def prepare() -> None:
        request = {"dataset": pack.dump(), "base": {"uri": "models/m"}, "identity": "uid", **common}
        made["prepared"] = run_stage("prepare", request, root)

    def train() -> None:
        ready = made["prepared"]
        request = {"fingerprint": ready.fingerprint, "tokens": ready.tokens.dump(), "base": ready.base.dump()}
        made["trained"] = run_stage("train", {**request, "totalSteps": ready.total_steps, **common}, root)

    def package() -> None:
        ready, weights = made["prepared"], made["trained"].weights.dump()
        request = {"fingerprint": ready.fingerprint, "weights": weights, "base": ready.base.dump()}
        made["artifact"] = run_stage(
            "package", {**request, "dataset": pack.dump(), "adapter": adapter}, root
        ).artifact

    def evaluate() -> None:
        artifact, folder = made["artifact"], work / "artifact"
        fetch_model(LocalStore(root), artifact.uri, artifact.digest, folder)
        rows = [_question(n) for n in range(3)]
        replies = ArtifactReplies(folder, lambda _: None)(rows, 8)
        if not all(isinstance(reply, Said) for reply in replies):
            raise AssertionError(f"no reply: {replies}")

    return [("prepare", prepare), ("train", train), ("package", package), ("evaluate", evaluate)]


def _question(number: int) -> Row:
    messages = ({"role": "user", "content": f"question {number}"}, {"role": "assistant", "content": "x"})
    return Row(str(number), "", messages, None, "", number)  # type: ignore[arg-type]


def watch(outside: Path, model: Path, told: Callable[[str], None]) -> None:
    """Tell of everything that a model has no business with: it lasts as long as the process."""
    forbidden = (str(outside), "/etc/passwd", "/proc/self/environ", "/dev/zero")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(forbidden):
            told(f"opened {arguments[0]}")
        elif event in {"socket.connect", "socket.getaddrinfo", "os.system"}:
            told(f"{event} {arguments}"[:200])
        elif event == "subprocess.Popen" and "sluice_trainer/chat/" not in str(arguments[1]):
            told(f"started {arguments[1]}"[:200])
        elif event == "exec" and str(model) in str(getattr(arguments[0], "co_filename", "")):
            told(f"ran {arguments[0]}"[:200])

    sys.addaudithook(hook)
