"""The endpoint that end-to-end tests share."""

from dataclasses import dataclass

from support.node import Node
from support.teamspace import Teamspace


@dataclass(frozen=True)
class Story:
    """The small story on a real node."""

    node: Node
    space: Teamspace

    @property
    def digest(self) -> str:
        """What is live."""
        return str(self.space.get("Deployment", "live")["status"]["active"]["digest"])

    @property
    def url(self) -> str:
        """Address of the public Service, as this machine reaches it."""
        return f"http://{self.space.get('Service', 'live')['spec']['clusterIP']}/v1"

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """kubectl in the story's namespace."""
        return self.node.kube.kubectl(*arguments, "-n", self.space.name, stdin=stdin)

    def jobs(self) -> set[str]:
        """UIDs of all Jobs."""
        return {job["metadata"]["uid"] for job in self.space.list("Job")}
