"""What a platform engineer does: images, storage, namespaces, chart."""

from pathlib import Path
from typing import Any

import yaml

from sluice_demo.kube import Kube
from sluice_images.build import BuiltImage
from sluice_localcluster import s3
from sluice_localcluster.cluster import Cluster
from sluice_localcluster.status import environment

ROOT = Path(__file__).resolve().parents[3]
SYSTEM = "sluice-system"
TEAM = "demo"
BUCKET = "sluice"
SECRET = "sluice-s3"  # noqa: S105 - a name
IMAGES = ("operator", "trainer", "serving")


def prepare_storage(cluster: Cluster) -> None:
    """A bucket for everything."""
    s3.create_bucket(cluster.storage, BUCKET)


def prepare_namespaces(kube: Kube, cluster: Cluster) -> None:
    """Both namespaces under the restricted standard, and the tenant's S3 credentials."""
    enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
    credentials = environment(cluster)
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    kube.apply(
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n, "labels": enforce}}
            for n in (SYSTEM, TEAM)
        ),
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": TEAM},
            "stringData": {key: credentials[key] for key in keys},
        },
    )


def install_chart(kube: Kube, cluster: Cluster, images: dict[str, BuiltImage]) -> str:
    """Install or upgrade the chart with Helm, and wait until it is ready."""
    values = yaml.safe_dump(chart_values(environment(cluster)["SLUICE_S3_ENDPOINT_IN_CLUSTER"], images))
    chart = str(ROOT / "charts" / "sluice")
    arguments = ["upgrade", "--install", "sluice", chart, "--namespace", SYSTEM, "--values", "-"]
    return kube.run("helm", *arguments, "--wait", "--timeout", "5m", stdin=values)


def chart_values(endpoint: str, images: dict[str, BuiltImage]) -> dict[str, Any]:
    """Values of the chart for a machine with two cores and no GPU."""
    profile = {"name": "default", "allowedNamespaces": [TEAM]}
    storage = {
        **profile,
        "prefix": f"s3://{BUCKET}/{{namespace}}/",
        "endpoint": endpoint,
        "region": s3.REGION,
        "secretName": SECRET,
    }
    return {
        "image": _image(images["operator"]),
        "trainerImage": _image(images["trainer"]),
        "profiles": {
            "compute": [_cpu(profile), _gpu()],
            "storage": [storage],
            "serving": [_engine(profile, images["serving"])],
        },
    }


def _image(image: BuiltImage) -> dict[str, str]:
    repository, _, tag = image.reference.rpartition(":")
    return {"repository": repository, "tag": tag}


def _cpu(profile: dict[str, Any]) -> dict[str, Any]:
    return {
        **profile,
        "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "8Gi"}},
        "cpuResources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "4Gi"}},
        "pendingSeconds": 600,
    }


def _gpu() -> dict[str, Any]:
    return {
        "name": "gpu-small",
        "allowedNamespaces": [TEAM],
        "resources": {"limits": {"memory": "8Gi", "nvidia.com/gpu": "1"}},
        "cpuResources": {"limits": {"memory": "4Gi"}},
    }


def _engine(profile: dict[str, Any], image: BuiltImage) -> dict[str, Any]:
    """vLLM on CPU: without compilation, a small cache, one thread pool for all."""
    return {
        **profile,
        "image": image.reference,
        "arguments": ["--enforce-eager", "--max-num-seqs=8", "--num-gpu-blocks-override=64"],
        "allowedArguments": ["max-num-seqs"],
        "resources": {"requests": {"cpu": "200m", "memory": "2Gi"}, "limits": {"memory": "6Gi"}},
    }
