"""A store with packs and models, and the two stages of a gate run on it."""

from pathlib import Path

import pytest

from sluice_trainer.stages import pack as pack_stage
from support.evalbench import Bench, save_talking


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    configmap = tmp_path / "configmaps" / "data"
    configmap.mkdir(parents=True)
    monkeypatch.setattr(pack_stage, "CONFIGMAP_FOLDER", str(tmp_path / "configmaps"))
    return Bench(tmp_path / "store", configmap)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two tiny models that answer differently."""
    folder = tmp_path_factory.mktemp("models")
    return save_talking(folder / "first", seed=0), save_talking(folder / "second", seed=1)
