"""Only controllers say which Pods count for a Job."""

from collections.abc import Callable

import pytest

from support.teamspace import Raw
from support.tricks import Trick, container, made, pod, template

LEAVE_OUT = "leave out the labels controller-uid"
MARKS = ("batch.kubernetes.io/controller-uid", "controller-uid")
COUNTED = {MARKS[0]: "$JOB"}
OF_JOB = {"apiVersion": "batch/v1", "kind": "Job", "name": "stage", "uid": "$JOB", "controller": True}
NEVER = container(restartPolicy="Never")
POD_TEMPLATE = {"metadata": {"name": "mine"}, "template": template(**COUNTED)}


def marked(kind: str, group: str, mark: str) -> Raw:
    """A workload whose Pods carry the uid of a Job of ours."""
    labels = {mark: "$JOB"}
    spec: Raw = {"selector": {"matchLabels": {"app": "x", **labels}}, "template": template(**labels)}
    if group == "apps/v1":
        spec["template"]["spec"] = container()
    return made(kind, "mine", spec, group)


def cron(mark: str) -> Raw:
    job = {"template": template(**{mark: "$JOB"})}
    return made("CronJob", "mine", {"schedule": "* * * * *", "jobTemplate": {"spec": job}}, "batch/v1")


def manual(mark: str) -> Raw:
    job = marked("Job", "batch/v1", mark)
    return job | {"spec": job["spec"] | {"manualSelector": True}}


TRICKS = [
    *(Trick("erin", "PATCH pods/theirs", {"metadata": {"labels": {m: "$JOB"}}}, LEAVE_OUT) for m in MARKS),
    *(Trick("erin", "POST pods", pod("mine", NEVER, labels={m: "$JOB"}), LEAVE_OUT) for m in MARKS),
    *(Trick("erin", "POST jobs", manual(m), LEAVE_OUT) for m in MARKS),
    *(Trick("erin", "POST cronjobs", cron(m), LEAVE_OUT) for m in MARKS),
    *(Trick("erin", "POST replicasets", marked("ReplicaSet", "apps/v1", m), LEAVE_OUT) for m in MARKS),
    *(Trick("erin", "POST deployments", marked("Deployment", "apps/v1", m), LEAVE_OUT) for m in MARKS),
    *(Trick("erin", "POST statefulsets", marked("StatefulSet", "apps/v1", m), LEAVE_OUT) for m in MARKS),
    *(Trick("erin", "POST daemonsets", marked("DaemonSet", "apps/v1", m), LEAVE_OUT) for m in MARKS),
    Trick("wanda", "POST podtemplates", POD_TEMPLATE, LEAVE_OUT),
    Trick("erin", "POST pods", pod("mine", NEVER, ownerReferences=[OF_JOB]), LEAVE_OUT),
    Trick("erin", "PATCH pods/theirs", {"metadata": {"ownerReferences": [OF_JOB]}}, LEAVE_OUT),
    Trick("ada", "POST pods", pod("mine", NEVER, labels=COUNTED), LEAVE_OUT),
    Trick("argo", "POST pods", pod("mine", NEVER, labels=COUNTED), LEAVE_OUT),
    Trick("job-controller", "POST pods", pod("mine", NEVER, labels=COUNTED, ownerReferences=[OF_JOB])),
    Trick("job-controller", "PATCH pods/theirs", {"metadata": {"labels": {MARKS[0]: "$JOB"}}}),
    Trick("erin", "POST jobs", made("Job", "mine", {"template": template()}, "batch/v1")),
    Trick("erin", "PATCH pods/theirs", {"metadata": {"labels": {"team": "a"}}}),
    Trick("argo", "POST cronjobs", cron("team")),
]


@pytest.mark.parametrize("trick", TRICKS, ids=str)
def test_no_pod_of_others_completes_our_job(attempt: Callable[[Trick], None], trick: Trick) -> None:
    attempt(trick)
