"""The obvious peer: the shortest kopf operator that makes a Job for an object, as a tutorial would write it.

Run by `kopf run`, in a process of its own. No records, no status, no live reads: it does the least that an
operator of this kind can do.
"""

from typing import Any

import kopf
from kubernetes import client, config

config.load_kube_config()


@kopf.on.create("bench.sluice.dev", "v1", "peerruns")
def create_job(spec: Any, name: str, namespace: str, **_: Any) -> None:
    """Make the Job that the object holds; objects of the furniture hold none."""
    if "job" not in spec:
        return
    job = {**spec["job"], "metadata": {"name": f"{name}-job"}}
    kopf.adopt(job)
    client.BatchV1Api().create_namespaced_job(namespace, job)
