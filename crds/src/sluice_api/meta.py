"""Names that everybody must spell alike: API group, labels, annotations, field manager.

Only constants live here.
"""

GROUP = "sluice.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
CATEGORY = "sluice"
FIELD_MANAGER = "sluice-operator"
MANAGED_BY = "sluice"

NAME_MAX = 40
"""Longest `metadata.name`, so that `<name>-<stage>-<hash8>-<attempt>` fits in 63 characters."""

LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_PART_OF = "app.kubernetes.io/part-of"
LABEL_COMPONENT = "app.kubernetes.io/component"
LABEL_INSTANCE = "app.kubernetes.io/instance"
LABEL_APP = "app.kubernetes.io/name"

LABEL_OWNER_KIND = f"{GROUP}/owner-kind"
LABEL_OWNER = f"{GROUP}/owner"
LABEL_STAGE = f"{GROUP}/stage"
LABEL_ATTEMPT = f"{GROUP}/attempt"
LABEL_SLOT = f"{GROUP}/slot"

ANNOTATION_REQUEST_HASH = f"{GROUP}/request-hash"
ANNOTATION_IDENTITY = f"{GROUP}/identity"
ANNOTATION_GPUS = f"{GROUP}/gpus"
"""On a Job: GPUs of its Pod, so that they are counted whatever became of its profile."""
ANNOTATION_OWNER_UID = f"{GROUP}/owner-uid"
ANNOTATION_DIGEST = f"{GROUP}/digest"
ANNOTATION_TRANSITION = f"{GROUP}/transition"
ANNOTATION_VERIFY_AUDIT = f"{GROUP}/verify-audit"
"""On a Deployment: a random word; a new one asks for a check of the archived audit chain."""
ANNOTATION_FENCE = f"{GROUP}/fence"
