"""Identity of experiments and policies: what makes two of them the same."""

from sluice_api.contracts.requests import PrepareRequest
from sluice_api.evalgate import EvalGateSpec
from sluice_api.hashing import content_hash, plain

_SPEED_ONLY = {"microBatchSize"}
"""Hyperparameters that change memory and speed, never the result."""


def fingerprint(request: PrepareRequest, base_digest: str) -> str:
    """Identity of a run: method, adapter, arguments of the chat template, hyperparameters, digests of dataset
    and base, seed and salt.

    The trainer image, the profile and checkpoint settings are provenance, not identity.
    """
    hyper = plain(request.hyperparameters)
    arguments = [plain(a) for a in sorted(request.template_arguments, key=lambda a: a.name)]
    return content_hash(
        ({"templateArguments": arguments} if arguments else {})
        | {
            "method": request.method,
            "adapter": plain(request.adapter),
            "hyperparameters": {k: v for k, v in hyper.items() if k not in _SPEED_ONLY},
            "seed": request.hyperparameters.seed,
            "dataset": request.dataset.digest,
            "base": base_digest,
            "salt": request.salt,
        }
    )


def criteria_hash(spec: EvalGateSpec) -> str:
    """Identity of a gate's policy: what can change a verdict, apart from suites' and baseline's content."""
    return content_hash(
        {
            "criteria": [plain(c) for c in spec.criteria],
            "suites": [
                {k: v for k, v in plain(s).items() if k not in ("datasetRef", "digest")} for s in spec.suites
            ],
            "baseline": plain(spec.baseline) if spec.baseline else None,
            "contamination": spec.contamination,
            "nearContamination": spec.near_policy,
            "across": spec.confidence.across,
            "onInconclusive": spec.on_inconclusive,
        }
    )
