"""One request of one caller, and what the API server must say to it: a trick is one line of a table.

`furnish` fills a namespace with objects as the operator makes them; `meets` sends a trick there as a dry run,
so nothing changes, and no operator is needed.
"""

import json
from dataclasses import dataclass
from typing import Any

from sluice_api import meta
from sluice_api.contracts.envelope import PROGRESS_AUDIENCE
from support.kubeapi import Answer, KubeApi
from support.quickstart import deployment_spec, gate_spec, pack_spec, run_spec
from support.teamspace import MERGE, Raw, Teamspace

GROUPS = {
    "api/v1": "pods services endpoints serviceaccounts replicationcontrollers podtemplates",
    "apis/apps/v1": "deployments replicasets statefulsets daemonsets controllerrevisions",
    "apis/batch/v1": "jobs cronjobs",
    "apis/discovery.k8s.io/v1": "endpointslices",
    f"apis/{meta.API_VERSION}": "datasetpacks trainingruns evalgates modeldeployments",
}
OURS = {meta.LABEL_MANAGED_BY: meta.MANAGED_BY, meta.LABEL_OWNER: "live", meta.LABEL_OWNER_KIND: "Deployment"}
WILDCARD = "wanda"
"""May do in the namespace whatever RBAC knows, and is in no trusted group: only policies stop her."""
KUBE_SYSTEM = "system:serviceaccounts:kube-system"
CALLERS = {
    "root": ("root", "system:masters"),
    "kubelet": ("system:node:n1", "system:nodes"),
    "operator": ("system:serviceaccount:sluice-system:sluice", "system:serviceaccounts"),
    "argo": ("system:serviceaccount:argocd:argocd-application-controller", "system:serviceaccounts"),
    "flux": ("system:serviceaccount:flux-system:kustomize-controller", "system:serviceaccounts"),
    **{
        name: (f"system:serviceaccount:kube-system:{name}", KUBE_SYSTEM)
        for name in (
            "endpointslice-controller",
            "generic-garbage-collector",
            "job-controller",
            "namespace-controller",
            "replicaset-controller",
        )
    },
}
"""Callers who are no people, with a group of theirs."""


@dataclass(frozen=True)
class Trick:
    """Who asks for what: a request such as `DELETE pods/ours`, its body, a part of the refusal or None."""

    who: str
    request: str
    body: Raw | None = None
    refusal: str | None = None
    elsewhere: bool = False
    """In the neighbour's own namespace."""

    def __str__(self) -> str:
        return f"{self.who} {self.request} {'refused' if self.refusal else 'allowed'}"


def path_of(namespace: str, rest: str) -> str:
    """`pods/ours/exec?command=sh` as the API server's path."""
    plural = rest.split("?", maxsplit=1)[0].split("/", maxsplit=1)[0]
    (group,) = (g for g, plurals in GROUPS.items() if plural in plurals.split())
    return f"/{group}/namespaces/{namespace}/{rest}"


def enters(request: str) -> bool:
    """Whether it leads into a Pod."""
    return any(f"/{way}" in request for way in ("exec", "attach", "portforward", "proxy"))


def send(api: KubeApi, namespace: str, request: str, body: Raw | None = None) -> Answer:
    """The request as a dry run; what enters a Pod knows none."""
    verb, rest = request.split(" ", maxsplit=1)
    path = path_of(namespace, rest)
    if not enters(request):
        path += ("&" if "?" in path else "?") + "dryRun=All"
    if verb == "DELETE" and body:  # then the query is not read
        body = body | {"dryRun": ["All"]}
    return api.call(verb, path, body, MERGE if verb == "PATCH" else "application/json")


def meets(trick: Trick, space: Teamspace) -> None:
    """Assert that the answer is the expected one. `$JOB` in a body is the uid of Job `stage`, and so on."""
    assert not fault(trick, space)


def fault(trick: Trick, space: Teamspace) -> str:
    """The answer, when it is not the expected one, else empty."""
    caller = space.api.acting_as(*CALLERS.get(trick.who, (trick.who, "system:authenticated")))
    answer = send(caller, space.name, trick.request, with_uids(trick.body, space))
    if trick.refusal is not None:
        said = trick.refusal in answer.message and "failed expression" not in answer.message
        return "" if answer.code in (403, 422) and said else str(answer)
    allowed = answer.code != 403 if enters(trick.request) else answer.code in (200, 201)
    return "" if allowed else str(answer)


def with_uids(body: Raw | None, space: Teamspace) -> Raw | None:
    """The body with the uids that it names."""
    text = json.dumps(body)
    for word, kind, name in (("$JOB", "Job", "stage"), ("$POD", "Pod", "ours")):
        if word in text:
            text = text.replace(word, str(space.get(kind, name)["metadata"]["uid"]))  # type: ignore[arg-type]
    return json.loads(text)  # type: ignore[no-any-return]


def made(kind: str, name: str, spec: Raw, version: str = meta.API_VERSION, **metadata: Any) -> Raw:
    """A manifest."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def container(**more: Any) -> Raw:
    return {"containers": [{"name": "c", "image": "mine"}], **more}


def pod(name: str, spec: Raw | None = None, **metadata: Any) -> Raw:
    """A Pod of a person, unless its metadata says otherwise."""
    return made("Pod", name, spec or container(), "v1", **metadata)


def template(spec: Raw | None = None, **labels: str) -> Raw:
    """A Pod template."""
    return {"metadata": {"labels": {"app": "x", **labels}}, "spec": spec or container(restartPolicy="Never")}


def token_volume(audience: str) -> Raw:
    """A Pod's spec that mounts a token for an audience."""
    token = {"serviceAccountToken": {"path": "token", "audience": audience}}
    return container(volumes=[{"name": "t", "projected": {"sources": [token]}}])


def slice_of(service: str, name: str, **labels: str) -> Raw:
    """An EndpointSlice that leads a Service to an address of somebody's choice."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": service, **labels}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.9.9.9"]}],
        "ports": [{"name": "http", "port": 8000}],
    }


def ours(kind: str, name: str, spec: Raw, version: str) -> Raw:
    """A child as the operator labels it."""
    return made(kind, name, spec, version, labels=OURS)


NODE = "n1"
STAYS = {"nodeName": NODE, "tolerations": [{"operator": "Exists"}]}
"""On a node that is there but never reports: the Pod garbage collector takes Pods of nodes that are not."""
FURNITURE = {
    "datasetpacks": (made("DatasetPack", "train", pack_spec("train")),
                     made("DatasetPack", "gold", pack_spec("gold", "Evaluation"))),
    "trainingruns": (made("TrainingRun", "good", run_spec(1)),),
    "evalgates": (made("EvalGate", "gate", gate_spec()),),
    "modeldeployments": (made("Deployment", "live", deployment_spec()),),
    "services": (ours("Service", "live", {"ports": [{"port": 80}]}, "v1"),
                 made("Service", "theirs", {"ports": [{"port": 80}]}, "v1"),
                 made("Service", "balanced", {"ports": [{"port": 80}], "type": "LoadBalancer"}, "v1")),
    "pods": (
        pod("ours", token_volume(PROGRESS_AUDIENCE) | STAYS, labels=OURS),
        pod("theirs", labels={"app": "x"}),
    ),
    "jobs": (ours("Job", "stage", {"suspend": True, "template": template(**OURS)}, "batch/v1"),),
    "endpointslices": (slice_of("live", "forged-before"), slice_of("theirs", "own")),
}  # fmt: skip
"""What a namespace holds: children as the operator makes them, and things of the team's own."""


ENFORCED = (
    Trick(WILDCARD, "POST pods/ours/exec", None, "is not entered"),
    Trick(WILDCARD, "POST endpointslices", slice_of("live", "mine"), "name a Service of your own"),
    Trick(WILDCARD, "PATCH services/theirs", {"spec": {"externalIPs": ["10.96.0.77"]}}, "would take over"),
    Trick(WILDCARD, "DELETE trainingruns?propagationPolicy=Orphan", None, "is deleted together"),
    Trick(WILDCARD, "POST pods", pod("mine", token_volume(PROGRESS_AUDIENCE)), "mounts a token"),
    Trick(WILDCARD, "POST pods", pod("mine", labels={"controller-uid": "x"}), "would count for a Job"),
    Trick(WILDCARD, "PATCH pods/ours", {"metadata": {"labels": {"app": "x"}}}, "not written by people"),
    Trick(WILDCARD, "POST pods", pod("mine")),
)
"""What shows that policies of each kind are in force, and know their parameters."""


def furnish(space: Teamspace) -> None:
    """Make all of it, as the administrator, and wait until the policies know it."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
    assert space.api.call("POST", "/api/v1/nodes", node).code in (201, 409)
    for plural, objects in FURNITURE.items():
        for each in objects:
            answer = space.api.call("POST", path_of(space.name, plural), each)
            assert answer.code == 201, answer
    space.wait("the policies", lambda: not any(fault(trick, space) for trick in ENFORCED))
