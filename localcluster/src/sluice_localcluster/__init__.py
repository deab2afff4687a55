"""A whole Kubernetes on one Linux machine, driven by the standard library alone.

Here belong building, starting, watching and removing a local cluster, its S3 store and
its DNS. Never anything about the operator's own resources, and no image building.
"""

from sluice_localcluster.access import User
from sluice_localcluster.controlplane import ControlPlane
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.s3 import S3Server

__all__ = ["ControlPlane", "LocalClusterError", "S3Server", "User"]
