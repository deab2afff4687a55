"""`python -m sluice_operator.chartgen --write | --check`: files that are generated from the operator.

The chart carries a copy of the CRDs, because Helm reads no file outside of a chart, and a closed
values.schema.json whose profiles are the operator's own settings models. The reference of metrics is
generated from their table.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from sluice_api.base import ApiModel
from sluice_operator.metrics.reference import metrics_page
from sluice_operator.settings import ComputeProfile, ServingProfile, StorageProfile

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "charts" / "sluice"
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
_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}
_LIST = {"type": "array", "items": {"type": "object"}}


def _closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def values_schema() -> dict[str, Any]:
    """JSON schema of the chart's values; unknown keys are refused with their path."""
    definitions: dict[str, Any] = {}
    profiles = {}
    for name, model in _PROFILES.items():
        schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions |= schema.pop("$defs", {})
        definitions[model.__name__] = schema
        profiles[name] = {"type": "array", "items": {"$ref": f"#/$defs/{model.__name__}"}}
    image = {"repository": _STRING, "tag": _STRING, "digest": _STRING}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Values of the Sluice chart",
        **_closed(
            nameOverride={"type": "string", "maxLength": 40},
            image=_closed(**image, pullPolicy={"enum": ["IfNotPresent", "Always", "Never"]}),
            trainerImage=_closed(**image),
            imagePullSecrets=_LIST,
            crds=_closed(install={"type": "boolean"}),
            replicas=_COUNT,
            resources=_FREE,
            nodeSelector=_MAP,
            tolerations=_LIST,
            priorityClassName=_STRING,
            podAnnotations=_MAP,
            podLabels=_MAP,
            operator=_closed(
                workers=_COUNT,
                resyncSeconds=_COUNT,
                leaseSeconds=_COUNT,
                leaseRenewSeconds=_COUNT,
                leaseRetrySeconds=_COUNT,
            ),
            monitoring=_monitoring(),
            policies=_closed(enabled={"type": "boolean"}, trustedUsers=_NAMES, trustedGroups=_NAMES),
            profiles=_closed(**profiles),
            **{"global": _FREE},
        ),
        "$defs": definitions,
    }


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
            disabled=_NAMES,
            labels=_MAP,
            runbooks=_STRING,
            thresholds=_closed(**dict.fromkeys(thresholds, _COUNT)),
        ),
    )


def generated() -> dict[Path, str]:
    """Content of every generated file of the chart, and the reference of metrics."""
    files = {CHART / "values.schema.json": json.dumps(values_schema(), indent=2, sort_keys=True) + "\n"}
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
