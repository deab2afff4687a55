"""Keeps secrets out of what is told: logs, messages, reports."""

import os
from collections.abc import Mapping

from sluice_api.redaction import HIDDEN, Redactor, secrets_of

__all__ = ["HIDDEN", "scrubber"]


def scrubber(environment: Mapping[str, str] = os.environ) -> Redactor:
    """Hides what the environment declares secret, and whatever looks like a secret."""
    return Redactor.of(secrets_of(environment))
