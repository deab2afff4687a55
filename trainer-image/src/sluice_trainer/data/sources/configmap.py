"""`configmap:name/key`: the operator mounts the ConfigMap, so a key is a file."""

import shutil
from pathlib import Path

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import DependencyUnavailable
from sluice_trainer.data.sources.access import Access


def fetch_configmap(source: Source, destination: Path, access: Access) -> None:
    """Copy the key's bytes. A missing ConfigMap or key is waited for, because apply order does not matter."""
    name, _, key = source.locator.removeprefix("configmap:").partition("/")
    path = access.configmaps / name / key
    if not path.is_file():
        raise DependencyUnavailable(
            reasons.DEPENDENCY_UNAVAILABLE,
            f"source {source.name}: there is no key {key} in ConfigMap {name}; create it, it is waited for",
        )
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, destination)
