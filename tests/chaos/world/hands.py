"""Hands that should not: Services, slots, Jobs and statuses are changed behind the operator's back."""

from chaos.world.base import Base
from sluice_api import meta
from support.plaincopy import copied
from support.simapi import Raw


class Hands(Base):
    """Events of people who change what is the operator's."""

    def _service(self) -> Raw | None:
        found = self.cluster.get("Service", "live")
        return copied(found) if found is not None else None

    def ev_move_selector(self, number: int) -> None:
        """The public Service is pointed elsewhere: nowhere, or at some slot."""
        service = self._service()
        if service is not None:
            slots = [*self._slots(), "elsewhere"]
            service["spec"]["selector"] = {
                meta.LABEL_SLOT: slots[number % len(slots)],
                meta.LABEL_OWNER: "live",
            }
            self.cluster.put("Service", service)

    def ev_renumber(self, number: int) -> None:
        """The transition of the public Service is edited."""
        service = self._service()
        if service is not None:
            annotations = service["metadata"].setdefault("annotations", {})
            annotations[meta.ANNOTATION_TRANSITION] = str(number % 40)
            self.cluster.put("Service", service)

    def ev_drop_service(self, number: int) -> None:
        """The public Service is deleted."""
        self.cluster.drop("Service", "live")

    def ev_save_service(self, number: int) -> None:
        """Somebody saves the public Service to a file."""
        service = self._service()
        self.saved = [*self.saved[-3:], service] if service is not None else self.saved

    def ev_replay_service(self, number: int) -> None:
        """A saved Service is applied again."""
        service = self._service()
        if service is not None and self.saved:
            old = self.saved[number % len(self.saved)]
            service["spec"] = copied(old["spec"])
            service["metadata"]["annotations"] = copied(old["metadata"]["annotations"])
            self.cluster.put("Service", service)

    def ev_drop_slot(self, number: int) -> None:
        """A slot is deleted."""
        slot = self._pick_slot(number)
        if slot is not None:
            self.cluster.drop("AppsDeployment", slot)

    def ev_edit_slot(self, number: int) -> None:
        """The image of a slot is changed."""
        slot = copied(self.cluster.get("AppsDeployment", self._pick_slot(number) or ""))
        if slot is not None:
            containers = slot["spec"]["template"]["spec"]["containers"]
            containers[0]["image"] = f"evil@sha256:{number % 5}"
            self.cluster.put("AppsDeployment", slot)

    def ev_add_sidecar(self, number: int) -> None:
        """A container is added to a slot."""
        slot = copied(self.cluster.get("AppsDeployment", self._pick_slot(number) or ""))
        if slot is not None:
            containers = slot["spec"]["template"]["spec"]["containers"]
            containers.append({"name": "sidecar", "image": "evil@sha256:9"})
            self.cluster.put("AppsDeployment", slot)

    def ev_scale_slot(self, number: int) -> None:
        """A slot is scaled by hand."""
        slot = copied(self.cluster.get("AppsDeployment", self._pick_slot(number) or ""))
        if slot is not None:
            slot["spec"]["replicas"] = number % 3
            self.cluster.put("AppsDeployment", slot)

    def ev_drop_job(self, number: int) -> None:
        """A Job is deleted."""
        jobs = sorted(j["metadata"]["name"] for j in self.api.of("Job"))
        if jobs:
            self.cluster.drop("Job", jobs[number % len(jobs)])

    def ev_drop_status(self, number: int) -> None:
        """Statuses are wiped, or filled with rubbish."""
        for key in self.cluster.own():
            found = self.api.objects[key.kind, key.name]
            status = {} if number % 2 else {**found["status"], "phase": "Rubbish"}
            self.cluster.put(key.kind, found | {"status": status})
