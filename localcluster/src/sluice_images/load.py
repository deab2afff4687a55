"""Loading built images into a local cluster."""

from collections.abc import Mapping

from sluice_images.build import BuiltImage, image_store
from sluice_images.runtime import Containerd
from sluice_localcluster import namespaces
from sluice_localcluster.cluster import Cluster
from sluice_localcluster.node import CONTAINERD_SOCKET
from sluice_localcluster.progress import say


def load_images(cluster: Cluster, built: Mapping[str, BuiltImage]) -> None:
    """Hand built images to the cluster's containerd."""
    client = ["ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io"]
    containerd = Containerd(namespaces.enter(namespaces.holder(cluster.processes), client))
    for image in built.values():
        containerd.load(image.reference, image_store().inspect(image.reference))
        say(f"loaded {image.reference}")
