"""The settings that a plan is made with: a file's, the operator's own, or the chart's defaults.

Helm values are taken, too, because they are what a repository of manifests holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sluice_operator import goyaml, raw
from sluice_operator.settings import ServingProfile, Settings, StorageProfile
from sluice_plugin.errors import Refused
from sluice_plugin.plan.check import Document


class _AnyStorage(StorageProfile):
    """A storage profile that may read whatever the files name."""

    def may_read(self, uri: str, namespace: str) -> bool:
        """Every uri but one that leads out of where it begins."""
        return super().may_read(uri, namespace) or ".." not in uri.split("/")


_ASSUMED_STORAGE = _AnyStorage(name="assumed", allowed_namespaces=("*",), prefix="s3://assumed/{namespace}/")


@dataclass(frozen=True)
class Known:
    """Settings, and what was assumed about them."""

    settings: Settings
    notes: tuple[str, ...] = ()


def from_file(path: Path) -> Known:
    """Settings of the operator, or values of its chart."""
    try:
        data = goyaml.load(path.read_text(encoding="utf-8")) or {}
        return Known(_from_values(data) if "profiles" in data else Settings.parse(data))
    except (OSError, ValidationError, yaml.YAMLError, TypeError) as error:
        raise Refused(
            f"{path} holds neither settings of the operator nor values of its chart: {error}"
        ) from error


def defaults(documents: Iterable[Document]) -> Known:
    """What the chart offers by default. It has no storage and no engine: they are assumed."""
    known = _from_values({})
    specs = [d.spec for d in documents]
    notes = ["the compute profiles are the chart's defaults; --settings names a file with your own"]
    if not known.storage:
        known = known.model_copy(update={"storage": (_ASSUMED_STORAGE,)})
        notes.append("a storage profile allows every bucket that the files name")
    if not known.serving:
        known = known.model_copy(update={"serving": tuple(_any_serving(specs))})
        notes.append("serving profiles allow every argument that the files give")
    return Known(known, tuple(notes))


def chart_values() -> dict[str, Any]:
    """The chart's defaults, as far as they decide what may be asked for."""
    found = goyaml.load((files("sluice_plugin.plan") / "values.yaml").read_text(encoding="utf-8"))
    return dict(found)


def _from_values(values: Mapping[str, Any]) -> Settings:
    """As the chart's template makes them: mappings are merged, lists are replaced."""
    base = chart_values()
    image = {**base["trainerImage"], **raw.mapping(values, "trainerImage")}
    profiles = {**base["profiles"], **raw.mapping(values, "profiles")}
    tag = f"@{image['digest']}" if image.get("digest") else f":{image.get('tag') or base['appVersion']}"
    return Settings.parse({"trainerImage": f"{image['repository']}{tag}", **profiles})


def _any_serving(specs: list[Mapping[str, Any]]) -> Iterable[ServingProfile]:
    asked: dict[str, set[str]] = {"default": set()}
    for spec in specs:
        serving = raw.mapping(spec, "serving")
        names = {raw.text(a, "name") for a in raw.items(serving, "arguments")}
        asked.setdefault(raw.text(serving, "profile") or "default", set()).update(names)
    for name, arguments in asked.items():
        yield ServingProfile(
            name=name,
            allowed_namespaces=("*",),
            image="<image-of-the-serving-profile>",
            allowed_arguments=tuple(sorted(arguments)),
        )
