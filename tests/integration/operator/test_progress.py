"""Progress from a Pod to the status, over TLS, with a token that the real API server made for that Pod."""

import json

from sluice_api.contracts.envelope import PROGRESS_AUDIENCE, Envelope
from sluice_operator.children.jobs import ANNOTATION_REQUEST
from support.flow import apply_quickstart
from support.operator_process import MakeOperator
from support.pod_driver import PodDriver
from support.posting import Poster, percent, token_for, training_pods
from support.quickstart import Stages
from support.simcluster import Answer
from support.teamspace import Teamspace


def test_progress_of_a_training_pod_reaches_the_status(space: Teamspace, make_operator: MakeOperator) -> None:
    stages = Stages()

    def all_but_train(envelope: Envelope) -> Answer | None:
        return None if envelope.stage == "train" else stages(envelope)

    apply_quickstart(space)
    operator = make_operator()
    url = f"https://localhost:{operator.progress_port}/progress"
    operator.settings = {**operator.settings, "progressUrl": url}
    with operator, PodDriver(space, all_but_train):
        space.wait("a training Pod", lambda: bool(training_pods(space)))
        pod = training_pods(space)[0]
        envelope = Envelope.parse(json.loads(pod["metadata"]["annotations"][ANNOTATION_REQUEST]))
        assert envelope.progress is not None
        post = Poster(envelope.progress.url, envelope.progress.ca_pem)
        assert post(token_for(space, pod, "https://kubernetes.default.svc.cluster.local"), 25) == 403
        assert post(token_for(space, pod, PROGRESS_AUDIENCE), 25) == 200
        space.wait("progress in the status", lambda: percent(space) == 25)
        assert post(token_for(space, pod, PROGRESS_AUDIENCE), 26) == 200
        assert percent(space) == 25
