"""The one list of reasons: conditions, Events, reports, records, metrics and documentation use it.

A reason is written in snake_case in reports and records and in CamelCase in conditions and Events. To add
one, add a line to a table below; tests then ask for a next step and for a test that produces it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_TOLD = 800
"""Letters of a message that leave room for the next step in every place that shows both."""


class Severity(StrEnum):
    """How loud a reason is: Normal and Warning are the types of Kubernetes Events."""

    NORMAL = "Normal"
    WARNING = "Warning"


class Retry(StrEnum):
    """Who has to act before trying again makes sense."""

    NONE = "none"
    """Nothing to retry."""
    BACKOFF = "backoff"
    """The operator tries again by itself, without limit."""
    BUDGET = "budget"
    """The operator tries again within `retry.limit`."""
    HUMAN = "human"
    """Somebody has to change something."""


@dataclass(frozen=True)
class Reason:
    """One reason."""

    code: str
    severity: Severity
    retry: Retry
    next_step: str

    @property
    def camel(self) -> str:
        """CamelCase form for conditions and Events."""
        return "".join(part.capitalize() for part in self.code.split("_"))

    def advise(self, message: str) -> str:
        """What happened, and what to do about it."""
        return f"{message[:_TOLD].rstrip('. ')}. {self.next_step}"

    @property
    def anchor(self) -> str:
        """Anchor in the reference of reasons."""
        return f"docs/reference/reasons.md#{self.code.replace('_', '-')}"


_ALL: dict[str, Reason] = {}


def _reason(code: str, severity: Severity, retry: Retry, next_step: str) -> Reason:
    if code in _ALL:
        raise ValueError(f"reason {code} is listed twice")
    _ALL[code] = Reason(code, severity, retry, next_step)
    return _ALL[code]


def _normal(code: str, next_step: str = "Nothing to do.") -> Reason:
    return _reason(code, Severity.NORMAL, Retry.NONE, next_step)


def _wait(code: str, next_step: str) -> Reason:
    return _reason(code, Severity.NORMAL, Retry.BACKOFF, next_step)


def _dependency(code: str, next_step: str) -> Reason:
    return _reason(code, Severity.WARNING, Retry.BACKOFF, next_step)


def _budget(code: str, next_step: str) -> Reason:
    return _reason(code, Severity.WARNING, Retry.BUDGET, next_step)


def _human(code: str, next_step: str) -> Reason:
    return _reason(code, Severity.WARNING, Retry.HUMAN, next_step)


# States of every kind
SUCCEEDED: Final = _normal("succeeded")
FAILED: Final = _human("failed", "Read the message of the Stalled condition.")
RUNNING: Final = _normal("running", "Wait; progress stands in the status.")
PENDING: Final = _normal("pending", "Wait; the operator will start the first stage.")
SUSPENDED: Final = _normal("suspended", "Set spec.suspend to false to go on.")
NOT_SUSPENDED: Final = _normal("not_suspended")
UP_TO_DATE: Final = _normal("up_to_date")
INVALID_SPEC: Final = _human("invalid_spec", "Correct the fields that the message names and apply again.")
REFERENCE_NOT_FOUND: Final = _human("reference_not_found", "Create the object that the message names.")
REFERENCE_NOT_READY: Final = _wait("reference_not_ready", "Wait for the object that the message names.")
REFERENCE_FAILED: Final = _human(
    "reference_failed", "Correct the object that the message names, and create it again."
)
REFERENCE_UNUSABLE: Final = _human(
    "reference_unusable", "Refer to an object of the purpose that the message asks for."
)
REFERENCE_CYCLE: Final = _human(
    "reference_cycle", "Let one of the objects that the message names start from something else."
)
PROFILE_NOT_FOUND: Final = _human("profile_not_found", "Use one of the profiles that the message lists.")
PROFILE_NOT_ALLOWED: Final = _human("profile_not_allowed", "Ask the administrator to allow the profile here.")
PROFILE_UNSUPPORTED: Final = _human("profile_unsupported", "Use a profile with one NVIDIA GPU, or with none.")
STORAGE_NOT_CONFIGURED: Final = _human(
    "storage_not_configured",
    "Ask the administrator for a storage profile that allows this namespace.",
)
LOCATOR_NOT_ALLOWED: Final = _human(
    "locator_not_allowed",
    "Copy the data below the namespace's prefix, or ask for a read prefix or for the host in httpsHosts.",
)
URI_MALFORMED: Final = _human("uri_malformed", "Correct the uri or key as the message says.")
CHILD_CONFLICT: Final = _human(
    "child_conflict", "Rename this object or delete the object that the message names."
)
APPLY_FAILED: Final = _dependency("apply_failed", "Read the message; the operator tries again by itself.")
PASS_CRASHED: Final = _dependency(
    "pass_crashed", "Nothing to do; it is tried again. Report the log lines that share its trace_id."
)
RECORD_UNREADABLE: Final = _human(
    "record_unreadable",
    "Install the release of the operator that wrote it, or restore it; nothing is decided without it.",
)
CLOCK_SKEWED: Final = _reason(
    "clock_skewed", Severity.WARNING, Retry.NONE, "Set the clock of the node that the Pod ran on."
)
JOB_CREATED: Final = _normal("job_created")
STAGE_SUCCEEDED: Final = _normal("stage_succeeded")

# Stages: how an attempt ended
JOB_DELETED: Final = _dependency("job_deleted", "Nothing to do; the next attempt starts by itself.")
REPORT_UNREADABLE: Final = _budget(
    "report_unreadable", "Nothing to do; the stage is looked up and read again."
)
REPORT_LOST: Final = _dependency("report_lost", "Nothing to do; the finished work is looked up.")
STAGE_REQUEST_INVALID: Final = _human(
    "stage_request_invalid", "Use operator and trainer image of one release; if they are, report it."
)
FOLDER_NOT_EMPTY: Final = _human(
    "folder_not_empty", "Give an empty folder; a Pod that is deleted is replaced by one with an empty folder."
)
FILE_NAME_NOT_ALLOWED: Final = _human("file_name_not_allowed", "Rename the file that the message names.")
FOREIGN_POD: Final = _dependency(
    "foreign_pod",
    "Nothing to do; the attempt is repeated. Where a webhook changes images or mounts of Pods, let it change "
    "those of Jobs as well.",
)
MARKER_IGNORED: Final = _reason(
    "marker_ignored",
    Severity.WARNING,
    Retry.NONE,
    "Find out who else writes below the namespace's prefix of the store; the work was done again.",
)
NOTHING_TO_REPORT: Final = _dependency("nothing_to_report", "Nothing to do; a normal attempt follows.")
OUT_OF_MEMORY: Final = _budget(
    "out_of_memory", "Use a larger profile, or a smaller microBatchSize or sequenceLength."
)
WORK_FOLDER_FULL: Final = _budget(
    "work_folder_full", "Give the profile more scratch space, or free the node's disk."
)
STAGE_CRASHED: Final = _budget("stage_crashed", "Read the Pod's log; if it repeats, report it.")
NO_PROGRESS: Final = _budget(
    "no_progress", "Find out why the Pods were ended, or save more often with spec.checkpoint."
)
DEADLINE_EXCEEDED: Final = _human(
    "deadline_exceeded",
    "Raise spec.activeDeadlineSeconds: it goes on by itself, a run from its last checkpoint if there is one.",
)
STAGE_TIMED_OUT: Final = _budget(
    "stage_timed_out", "Read the Pod's log: the stage hung, or its work needs a faster profile."
)
REQUEST_CHANGED: Final = _dependency(
    "request_changed", "Nothing to do; the stage runs again as it is asked for now."
)
RETRIES_EXHAUSTED: Final = _human(
    "retries_exhausted", "Read the failure in the status, then apply a corrected object."
)
UNSCHEDULABLE: Final = _dependency("unschedulable", "Free or add nodes that fit the profile.")
POD_REFUSED: Final = _dependency(
    "pod_refused",
    "Change the quota, LimitRange, policy or profile that the message names; the cluster then tries again.",
)
SECRET_MISSING: Final = _human(
    "secret_missing", "Once the Secret holds the keys that the message names, the Pod starts by itself."
)
IMAGE_PULL_FAILED: Final = _dependency(
    "image_pull_failed", "Make the image of the profile available to the nodes."
)
DISRUPTED: Final = _dependency("disrupted", "Nothing to do; the Job controller starts the next Pod.")
STOPPED_ON_REQUEST: Final = _normal(
    "stopped_on_request", "Nothing to do; training resumes from the checkpoint."
)
DEPENDENCY_UNAVAILABLE: Final = _dependency(
    "dependency_unavailable", "Bring back what the message names; it is tried again with backoff."
)
STORAGE_UNAVAILABLE: Final = _dependency(
    "storage_unavailable", "Bring back the store that the message names; it is tried again with backoff."
)
STORAGE_ACCESS_DENIED: Final = _dependency(
    "storage_access_denied", "Give the storage profile's credentials access to the prefix."
)
LOCK_HELD: Final = _dependency(
    "lock_held", "Nothing to do; the run with the same fingerprint finishes first."
)
ARTIFACT_DIGEST_MISMATCH: Final = _human(
    "artifact_digest_mismatch",
    "Something changed in the store: delete what the message names, create it again, find out who wrote.",
)

# Data
SOURCE_NOT_FOUND: Final = _human(
    "source_not_found", "Correct the locator, or upload the file, and re-create the pack."
)
SOURCE_DIGEST_MISMATCH: Final = _human(
    "source_digest_mismatch", "Correct sha256, or restore the file, and re-create the pack."
)
SOURCE_EMPTY: Final = _human("source_empty", "Give a file with rows, and re-create the pack.")
SOURCE_TOO_LARGE: Final = _human("source_too_large", "Split the file, or copy it below the S3 prefix.")
FORMAT_UNKNOWN: Final = _human("format_unknown", "Set format of the source to JSONL or CSV.")
FORMAT_UNSUPPORTED: Final = _human(
    "format_unsupported", "Convert the file as the message says, and re-create the pack."
)
COLUMNS_NOT_FOUND: Final = _human(
    "columns_not_found",
    "Name the columns in fields of the source, or correct the header; re-create the pack.",
)
ROWS_UNDECIDABLE: Final = _human(
    "rows_undecidable", "Correct the lines that the message names, and re-create the pack."
)
LABELS_UNUSABLE: Final = _human(
    "labels_unusable", "Correct the labels in the rows, or list them in classification.labels."
)
NO_USABLE_ROWS: Final = _human(
    "no_usable_rows",
    "Correct the rows as the codes say, or choose the mapper and fields that fit; re-create the pack.",
)
TOO_FEW_ROWS: Final = _human("too_few_rows", "Add rows, or lower validation.minRows; re-create the pack.")
TOO_MANY_REJECTED: Final = _human(
    "too_many_rejected",
    "Correct the rows as the codes say, or raise validation.maxRejectedPercent; re-create the pack.",
)
PACK_CONTAMINATED: Final = _human(
    "pack_contaminated",
    "Set that pack's action in contaminationAgainst to Drop, or take the rows out of the sources.",
)
PACKED: Final = _normal("packed")
GOLD_CONTRADICTS: Final = _reason(
    "gold_contradicts",
    Severity.WARNING,
    Retry.NONE,
    "Correct the answers, or leave all but one row of each prompt out, and re-create the pack.",
)

# Preflight and training
BASE_MODEL_NOT_FOUND: Final = _human("base_model_not_found", "Import the model, or correct the uri.")
BASE_MODEL_UNSUPPORTED: Final = _human(
    "base_model_unsupported",
    "Correct or replace what the message names, and import the model under another name.",
)
CHAT_TEMPLATE_MISSING: Final = _human(
    "chat_template_missing", "Use a base model whose tokenizer has one chat template, or one named default."
)
CHAT_TEMPLATE_UNSUPPORTED: Final = _human(
    "chat_template_unsupported",
    "Use a base model whose chat template writes every turn once, in order, unchanged and at once.",
)
CHAT_TEMPLATE_REWRITES_HISTORY: Final = _human(
    "chat_template_rewrites_history",
    "Set lossOn to FinalAssistant, or use a base model whose chat template keeps earlier answers.",
)
TEMPLATE_ARGUMENT_UNKNOWN: Final = _human(
    "template_argument_unknown",
    "Name arguments that the chat template reads, or leave them out.",
)
SEQUENCE_TOO_LONG: Final = _human("sequence_too_long", "Lower sequenceLength to what the model has.")
TARGET_MODULES_NOT_FOUND: Final = _human("target_modules_not_found", "Name linear layers that the model has.")
DOES_NOT_FIT_MEMORY: Final = _human(
    "does_not_fit_memory",
    "Use a larger profile, LoRA, or a smaller microBatchSize or sequenceLength.",
)
DOES_NOT_FIT_DISK: Final = _human(
    "does_not_fit_disk",
    "Give the profile more ephemeral-storage, or use a smaller base model or LoRA.",
)
NO_ANSWER_TOKENS: Final = _human("no_answer_tokens", "Give rows that end with an answer of the assistant.")
CHAT_TEMPLATE_REFUSED: Final = _human(
    "chat_template_refused",
    "Give the turns that the template's error asks for: often user and assistant in alternation, user first.",
)
SEQUENCE_TOO_SHORT: Final = _human(
    "sequence_too_short", "Raise sequenceLength to what the message says, or shorten these rows."
)
ROWS_CUT: Final = _human(
    "rows_cut",
    "Raise sequenceLength or shorten the prompts; spec.preflight.mode Open trains on what is left.",
)
EXPOSURE_TOO_HIGH: Final = _human("exposure_too_high", "Lower epochs or maxSteps, or add rows.")
LOSS_NOT_FINITE: Final = _human("loss_not_finite", "Lower learningRate and create the run again.")
VALIDATION_LOSS_NOT_FINITE: Final = _human(
    "validation_loss_not_finite",
    "Read the validation rows that the message names, or lower learningRate; the checkpoint is kept.",
)
BASE_MODEL_MISMATCH: Final = _human(
    "base_model_mismatch", "Use the base model that the adapter was trained on."
)
BASE_NOT_RECORDED: Final = _human(
    "base_not_recorded_for_merge", "Train again: the weights do not say which base they belong to."
)
ADAPTER_NOT_VALIDATED: Final = _human(
    "adapter_not_validated", "Train again: the adapter's tensors are not what its base needs."
)
OUTPUT_OVERLAPS_INPUTS: Final = _human(
    "output_path_overlaps_inputs", "Write to a folder that holds no input, and is held by none."
)
BUNDLE_INCOMPLETE: Final = _human(
    "bundle_incomplete", "Import the base model with all its files; the message names what is missing."
)
LOAD_BACK_FAILED: Final = _budget("load_back_failed", "Read the Pod's log; if it repeats, report it.")
ADOPTED: Final = _normal("adopted")
TRAINED: Final = _normal("trained")

# Gate
PASSED: Final = _normal("passed")
CRITERION_FAILED: Final = _human("criterion_failed", "Train a better model; the evidence shows every item.")
INCONCLUSIVE: Final = _human("inconclusive", "Add items, as many as the result says, or widen the margin.")
SUPPORT_TOO_SMALL: Final = _human("support_too_small", "Add items, or lower minSupport.")
NO_CRITERIA: Final = _human("no_criteria", "Add at least one Required criterion.")
METRIC_MISSING: Final = _human(
    "metric_missing", "Name a metric that the suite yields; the message lists them."
)
METRIC_NOT_FINITE: Final = _human(
    "metric_not_finite", "Read the evidence; a metric that is no number is never a pass."
)
SUITE_CHANGED: Final = _human(
    "suite_changed",
    "Find out who made the suite again. Set spec.suites[].digest to judge by one suite alone.",
)
SUITE_EMPTY: Final = _human("suite_empty", "Give the suite rows that no training pack holds.")
SLICE_MISSING: Final = _human(
    "slice_missing",
    "Name the column of slices in fields.slice of the suite's sources, and re-create the pack.",
)
TOO_MANY_SLICES: Final = _human(
    "too_many_slices",
    "Name a column with fewer values in fields.slice of the suite's sources, or raise minSupport.",
)
GATE_UNREACHABLE: Final = _human(
    "gate_unreachable", "Change gate or suite as the message says: it names the number that is missing."
)
SUITE_CONTAMINATED: Final = _human(
    "suite_contaminated",
    "Set spec.contamination to Exclude, or train on a pack whose contaminationAgainst names the suite.",
)
BASELINE_MISSING: Final = _wait("baseline_missing", "Wait for the baseline, or set baseline.whenAbsent.")
BASELINE_MISMATCH: Final = _human(
    "gate_baseline_mismatch",
    "Let the Deployment refer to a gate whose baseline is that Deployment.",
)
NO_CANDIDATE: Final = _wait("no_candidate", "Finish a run that the gate selects.")
EVALUATING: Final = _normal("evaluating", "Wait for the verdict.")
ITEM_MISMATCH: Final = _human("item_mismatch", "Evaluate candidate and baseline on the same suite again.")
RESULTS_INCOMPLETE: Final = _human(
    "results_incomplete", "Evaluate again; items without a result are never left out."
)
COMPARISON_SKIPPED: Final = _normal(
    "comparison_skipped", "Nothing to do; once something is live, candidates are compared with it."
)

# Deployment
SERVING: Final = _normal("serving")
NO_PASSING_CANDIDATE: Final = _wait("no_passing_candidate", "Finish a run that passes the gate.")
GATE_OPEN: Final = _normal("gate_open")
GATE_MISSING: Final = _human("gate_missing", "Create the gate; what serves goes on serving.")
GATE_NOT_PASSED: Final = _wait(
    "gate_not_passed", "Wait for the verdict of the gate, or finish a run that passes it."
)
PAUSED: Final = _normal("paused", "Set spec.paused to false to promote again.")
CANDIDATE_STARTING: Final = _normal("candidate_starting", "Wait for the candidate slot.")
CANDIDATE_VERIFYING: Final = _normal("candidate_verifying", "Wait for the smoke check.")
PROMOTED: Final = _normal("promoted")
SUPERSEDED: Final = _normal("superseded")
PROMOTE_BLOCKED: Final = _human(
    "deployment_promote_blocked", "Train a better model: only a digest with its own valid Pass can go live."
)
CANDIDATE_REFUSED: Final = _human(
    "candidate_refused",
    "Run kubectl sluice clear-rollback to let it go live again, or finish a run that passes.",
)
PROGRESS_DEADLINE_EXCEEDED: Final = _human(
    "progress_deadline_exceeded",
    "Read the slot's Pods; then train or re-import the model, or raise the deadline.",
)
SMOKE_FAILED: Final = _human(
    "deployment_smoke_failed", "Read the verify Job's report; the old model keeps serving."
)
SERVED_DIGEST_MISMATCH: Final = _human(
    "served_digest_mismatch", "The slot serves something else; read its Pods."
)
WINDOW_TOO_SMALL: Final = _human(
    "window_too_small",
    "Raise or remove spec.serving.maxModelLength, or lower maxNewTokens of the gate's suites.",
)
ARGUMENT_NOT_ALLOWED: Final = _human("argument_not_allowed", "Use arguments that the serving profile allows.")
TRAFFIC_TAMPERED: Final = _dependency(
    "traffic_tampered", "Nothing to do; traffic is put back. Find out who wrote."
)
ROLLED_BACK: Final = _human("rolled_back", "Read why in the message; train a better model.")
ROLLBACK_BLOCKED: Final = _human(
    "rollback_blocked", "Nothing healthy to go back to; promote a passing model."
)
NO_PREDECESSOR: Final = _human(
    "deployment_rollback_no_predecessor",
    "There is no earlier healthy model; promote a passing one.",
)
LIVE_UNAVAILABLE: Final = _dependency("live_unavailable", "Read the Pods of the live slot.")
LIVE_BELOW_CRITERIA: Final = _human(
    "live_below_criteria", "Train a model that passes the gate as it stands now."
)
NOT_ROLLED_BACK: Final = _normal("not_rolled_back")
NOT_HELD: Final = _normal("not_held")
ROLLBACK_PREPARING: Final = _wait(
    "rollback_preparing", "Wait; the slot of the earlier model is built again from its revision."
)
MANUAL_PROMOTION: Final = _human(
    "manual_promotion", "Run kubectl sluice promote, or set spec.promotion.policy to Automatic."
)
WINDOW_CLOSED: Final = _wait(
    "promotion_window_closed", "Wait for the next window, or run kubectl sluice promote."
)
SOAKING: Final = _wait("soaking", "Wait; the candidate must be available for spec.promotion.soakSeconds.")
PINNED: Final = _normal("pinned", "Remove spec.promotion.pin to follow the newest passing model again.")
PIN_REFUSED: Final = _human(
    "pin_refused", "The pinned digest was rolled back: pin it anew, or run kubectl sluice clear-rollback."
)
PIN_BLOCKED: Final = _human(
    "pin_blocked", "Do what the message names, or pin a digest that has its own valid Pass."
)
REQUEST_DONE: Final = _normal("request_done")
REQUEST_MALFORMED: Final = _human(
    "request_malformed", "Use kubectl sluice; it writes the annotation in its right form."
)
REQUEST_STALE: Final = _human(
    "request_stale", "Somebody decided meanwhile: look at the status, then ask again."
)
REQUEST_NO_OP: Final = _normal("request_no_op", "Nothing to do; it is so already.")
REQUEST_IMPOSSIBLE: Final = _human(
    "request_impossible",
    "Name a digest that the status or the gate lists; see kubectl sluice explain.",
)
REQUEST_WAITING: Final = _wait("request_waiting", "Wait for what the message names, or withdraw the request.")
APPROVAL_NEEDED: Final = _human("approval_needed", "Run kubectl sluice approve for the verdict.")
APPROVED: Final = _normal("approved")

# Drift
DRIFT_OFF: Final = _normal("drift_off", "Set spec.drift to have what is live watched.")
DRIFT_UNCHECKED: Final = _normal(
    "drift_unchecked", "Wait; the first check comes spec.drift.everySeconds after traffic moved."
)
NO_DRIFT: Final = _normal("no_drift")
DRIFT_DETECTED: Final = _human(
    "drift_detected", "Compare the evidence with the promotion's; train on newer rows, or roll back."
)
DRIFT_SUSPECTED: Final = _dependency(
    "drift_suspected", "Nothing to do yet; it counts when it happens failuresToAct times in a row."
)
DRIFT_UNKNOWN: Final = _dependency(
    "drift_unknown", "Read the message: no call got through, or there is nothing to compare with."
)
DRIFT_BASELINE_MISSING: Final = _human(
    "drift_baseline_missing",
    "Promote another model: each promotion keeps what its drift checks compare with.",
)
DRIFT_HOLD: Final = _human(
    "drift_hold", "Promote a model by hand, or wait for a good check; promotions are held meanwhile."
)
DRIFT_INTERVAL_TOO_SHORT: Final = _human(
    "drift_interval_too_short", "Raise spec.drift.everySeconds above the time that a check takes."
)

# Audit
AUDIT_ARCHIVED: Final = _normal("audit_archived")
AUDIT_BEHIND: Final = _dependency(
    "audit_archive_behind", "Bring the store and the ledger's credentials back; it is tried again."
)
AUDIT_TAMPERED: Final = _human(
    "audit_tampered",
    "Run kubectl sluice audit verify; it names the records. Find out who wrote.",
)
AUDIT_ADOPTED: Final = _normal("audit_adopted")
REFUSALS_AWAITED: Final = _wait(
    "refusals_awaited",
    "Wait; the archive is asked what earlier Deployments of this name rolled back.",
)
REFUSALS_INHERITED: Final = _normal("refusals_inherited")

NOTHING_LIVE: Final = _wait("nothing_live", "Finish a run that passes the gate.")

REASONS: Final[dict[str, Reason]] = dict(_ALL)
BY_CAMEL: Final[dict[str, Reason]] = {r.camel: r for r in REASONS.values()}


_UNKNOWN: Final = "A newer version stored this reason: read the message, or upgrade Sluice to that version."


def named(code: str) -> Reason:
    """The reason of a stored code. One that this version does not know asks for a person: nothing is tried
    again that may not be, and nothing that was decided is undone."""
    return REASONS.get(code) or Reason(code, Severity.WARNING, Retry.HUMAN, _UNKNOWN)


def named_camel(camel: str) -> Reason:
    """The reason of a stored condition, as `named` reads it."""
    return BY_CAMEL.get(camel) or named(re.sub(r"(?<!^)(?=[A-Z])", "_", camel).lower())
