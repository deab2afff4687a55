"""Stages for random walks: most experiments were done before, and each model has a quality of its own."""

from typing import Any

from sluice_api.contracts.envelope import Envelope
from support.quickstart import Stages


class ChaosStages(Stages):
    """Stages whose candidates differ in quality, so that gates can be met, missed and nearly met."""

    def _prepare(self, envelope: Envelope) -> dict[str, Any]:
        result = super()._prepare(envelope)
        seed = envelope.request["hyperparameters"]["seed"]
        if "artifact" not in result and seed % 6:  # most experiments were done before: adopted in one stage
            result |= self._package(
                Envelope(**{**dict(envelope), "request": {"fingerprint": result["fingerprint"]}})
            )
            result = {k: v for k, v in result.items() if k not in ("tokens", "totalSteps")}
        return result

    def _judge(self, envelope: Envelope) -> dict[str, Any]:
        criterion = envelope.request["criteria"][0]
        score = quality(envelope.request["candidate"]["digest"])
        margin = score - float(criterion["value"]) if criterion.get("compare") is None else 0.05
        word = "Pass" if margin > 0.02 else "Fail" if margin < -0.02 else "Inconclusive"
        self.verdict = lambda _: word
        return super()._judge(envelope)


def quality(digest: str) -> float:
    """What a model scores: a fact about its bytes."""
    return 0.76 + int(digest[-4:], 16) / 0xFFFF * 0.22
