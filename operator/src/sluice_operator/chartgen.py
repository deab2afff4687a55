"""`python -m sluice_operator.chartgen --write | --check`: files that are generated from the operator.

The chart carries a copy of the CRDs, because Helm reads no file outside of a chart, and a closed
values.schema.json whose profiles are the operator's own settings models. The reference of metrics is
generated from their table. The plugin gets the profiles that the chart offers by default.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from sluice_api.base import ApiModel
from sluice_api.crdgen.descriptions import DescribedSchema
from sluice_operator.metrics.reference import metrics_page
from sluice_operator.settings import (
    ComputeProfile,
    LabelKey,
    LabelText,
    ResourceName,
    ServingProfile,
    StorageProfile,
)

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "charts" / "sluice"
DEFAULTS = ROOT / "operator" / "src" / "sluice_plugin" / "plan" / "values.yaml"
COMMAND = "python -m sluice_operator.chartgen --write"
_PROFILES: dict[str, type[ApiModel]] = {
    "compute": ComputeProfile,
    "storage": StorageProfile,
    "serving": ServingProfile,
}
_STRING = {"type": "string"}
_MAP = {"type": "object", "additionalProperties": _STRING}
_FREE = {"type": "object"}
_FLAG = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 1}
_LABEL_TEXT = TypeAdapter(LabelText).json_schema()
_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}
_DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SPACES = {"type": "array", "items": {"type": "string", "maxLength": 63, "pattern": f"^{_DNS_LABEL}$"}}
_OBJECT_NAME = {"type": "string", "maxLength": 253, "pattern": r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}
_IMAGE = {
    # A registry with a port, or a path; no tag and no digest, which have keys of their own.
    "repository": {
        "type": "string",
        "pattern": r"^([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*$",
    },
    "tag": {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"},
    "digest": {"type": "string", "pattern": r"^(sha256:[0-9a-f]{64})?$"},
}
_QUANTITY = {
    "type": ["string", "number"],
    "pattern": r"^[0-9]+(\.[0-9]+)?(n|u|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|e[0-9]+)?$",
    "minimum": 0,
}


def _closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _keyed(key: Any, value: Any) -> dict[str, Any]:
    """A map whose keys have the pattern of a type."""
    pattern = TypeAdapter(key).json_schema()["pattern"]
    return {"type": "object", "additionalProperties": False, "patternProperties": {pattern: value}}


def _alerts() -> list[str]:
    rules = yaml.safe_load((CHART / "files" / "rules" / "alerts.yaml").read_text())
    return sorted(rule["alert"] for rule in rules)


def values_schema() -> dict[str, Any]:
    """JSON schema of the chart's values; unknown keys are refused with their path."""
    definitions: dict[str, Any] = {}
    profiles = {}
    for name, model in _PROFILES.items():
        schema = model.model_json_schema(ref_template="#/$defs/{model}", schema_generator=DescribedSchema)
        _close_maps(schema)
        definitions |= schema.pop("$defs", {})
        definitions[model.__name__] = schema
        profiles[name] = {"type": "array", "items": {"$ref": f"#/$defs/{model.__name__}"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Values of the Sluice chart",
        **_closed(
            nameOverride={"type": "string", "maxLength": 40, "pattern": f"^({_DNS_LABEL})?$"},
            image=_closed(**_IMAGE, pullPolicy={"enum": ["IfNotPresent", "Always", "Never"]}),
            trainerImage=_closed(**_IMAGE),
            imagePullSecrets={"type": "array", "items": _closed(name=_OBJECT_NAME) | {"required": ["name"]}},
            crds=_closed(install=_FLAG),
            watchNamespaces=_SPACES,
            replicas=_COUNT,
            resources=_resources(),
            nodeSelector=_keyed(LabelKey, _LABEL_TEXT),
            tolerations={"type": "array", "items": _toleration()},
            priorityClassName=_STRING,
            networkPolicy=_closed(enabled=_FLAG),
            podAnnotations=_MAP,
            podLabels=_MAP,
            operator=_closed(
                workers=_COUNT | {"maximum": 64},
                resyncSeconds=_COUNT | {"minimum": 10},
                leaseSeconds=_COUNT,
                leaseRenewSeconds=_COUNT,
                leaseRetrySeconds=_COUNT,
            ),
            monitoring=_monitoring(),
            roles=_closed(install=_FLAG, gatesForEdit=_FLAG),
            policies=_closed(enabled=_FLAG, externalIPs=_FLAG, trustedUsers=_NAMES, trustedGroups=_NAMES),
            profiles=_closed(**profiles),
            **{"global": _FREE},
        ),
        "$defs": definitions,
    }


def _close_maps(schema: Any) -> None:
    """Keys that the pattern of a map does not take are refused; without this they would be anything."""
    if isinstance(schema, dict) and "patternProperties" in schema:
        schema["additionalProperties"] = False
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _close_maps(inner)


def _resources() -> dict[str, Any]:
    """Resources of a container; `claims` are left to the API server."""
    amounts = _keyed(ResourceName, _QUANTITY)
    return _closed(requests=amounts, limits=amounts, claims={"type": "array"})


def _toleration() -> dict[str, Any]:
    return _closed(
        key=_STRING,
        operator={"enum": ["Exists", "Equal"]},
        value=_STRING,
        effect={"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
        tolerationSeconds={"type": "integer"},
    )


def _monitoring() -> dict[str, Any]:
    switch = _closed(enabled=_FLAG)
    thresholds = ("driftUnknownSeconds", "gateStuckSeconds", "runSilentSeconds", "auditBehindSeconds")
    return _closed(
        labels=_MAP,
        intervalSeconds=_COUNT,
        serviceMonitor=switch,
        podMonitor=switch,
        rules=_closed(
            enabled=_FLAG,
            disabled={"type": "array", "items": {"enum": _alerts()}},
            labels=_MAP,
            runbooks={"type": "string", "pattern": "^https?://[^ ]+$"},
            format={"enum": ["PrometheusRule", "File"]},
            thresholds=_closed(**dict.fromkeys(thresholds, _COUNT)),
        ),
    )


def default_profiles() -> str:
    """The part of the chart's values that decides what may be asked for, for plans without a cluster."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    kept = {name: values[name] for name in ("trainerImage", "profiles")}
    kept["appVersion"] = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    return f"# Generated by `{COMMAND}` from the chart's values; do not edit.\n" + yaml.safe_dump(
        kept, sort_keys=False
    )


def generated() -> dict[Path, str]:
    """Content of every generated file of the chart, and the reference of metrics."""
    files = {CHART / "values.schema.json": json.dumps(values_schema(), indent=2, sort_keys=True) + "\n"}
    files[DEFAULTS] = default_profiles()
    for crd in sorted((ROOT / "crds").glob("*.yaml")):
        files[CHART / "files" / "crds" / crd.name] = crd.read_text()
    files[ROOT / "docs" / "reference" / "metrics.md"] = metrics_page()
    return files


def main(arguments: list[str] | None = None) -> int:
    """Write or check; 1 when the check finds something out of date."""
    parser = argparse.ArgumentParser(prog="python -m sluice_operator.chartgen", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write what is out of date")
    mode.add_argument("--check", action="store_true", help="fail when something is out of date")
    write = parser.parse_args(arguments).write
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    for path in stale if write else []:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(generated()[path])
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    if stale and not write:
        sys.stderr.write(f"out of date: {names}; run `{COMMAND}`\n")
    return 1 if stale and not write else 0


if __name__ == "__main__":
    sys.exit(main())
