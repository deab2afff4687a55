"""The quickstart's files, and what the demo needs to know of them: read from the files themselves."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import yaml

from sluice_demo.kube import Json
from sluice_demo.watch import condition, is_true

BAD_FILE = "05-undertrained.yaml"


class Quickstart:
    """The folder of the quickstart."""

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob("0*.yaml"))
        self.folder = folder
        self.good = [f for f in files if f.name != BAD_FILE]
        self.bad = folder / BAD_FILE
        self._objects = {o["kind"]: o for f in self.good for o in yaml.safe_load_all(f.read_text()) if o}
        self._packs = [
            o
            for f in self.good
            for o in yaml.safe_load_all(f.read_text())
            if o and o["kind"] == "DatasetPack"
        ]
        self._bad_run = yaml.safe_load(self.bad.read_text())["metadata"]["name"]

    @property
    def name(self) -> str:
        """Name of the Deployment, of its Service and of the model that clients ask for."""
        return str(self._objects["Deployment"]["metadata"]["name"])

    @property
    def deployment(self) -> str:
        """The Deployment as `Kind/name`."""
        return f"Deployment/{self.name}"

    @property
    def gate(self) -> str:
        """The gate as `Kind/name`."""
        return f"EvalGate/{self._objects['EvalGate']['metadata']['name']}"

    @property
    def base_model(self) -> str:
        """Name under which the base model is imported."""
        uri: str = self._objects["TrainingRun"]["spec"]["baseModel"]["s3"]["uri"]
        return uri.rstrip("/").rpartition("/")[2]

    def prompt(self, text: str) -> str:
        """A ticket as the model was trained to read it."""
        task: dict[str, Any] = self._packs[0]["spec"]["classification"]
        instruction = task["instruction"].replace("{labels}", ", ".join(task["labels"]))
        return f"{instruction}\n\n{text}"

    def is_refused(self, found: Mapping[str, Json]) -> bool:
        """Whether the under-trained run has its verdict, and what is live is still live."""
        told = found[self.gate].get("status", {}).get("verdicts", [])
        judged = any(v["run"] == self._bad_run and v["verdict"] == "Fail" for v in told)
        held = condition(found[self.deployment], "Progressing").get("status") == "False"
        return judged and held and is_true(found[self.deployment], "Ready")

    def upload(self, environment: Mapping[str, str], bucket: str, namespace: str) -> None:
        """Put the rows where the packs' locators say."""
        keys = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
        os.environ.update({key: environment[key] for key in keys})
        store = boto3.client("s3", region_name=environment["AWS_REGION"])
        for file in sorted((self.folder / "data").glob("*.jsonl")):
            store.upload_file(str(file), bucket, f"{namespace}/data/{file.name}")
