"""Metrics about single objects: what people alert on. The leader tells them, as of its passes.

Times are Unix times and never ages: a query tells how old something is, even while no pass happens.
"""

from sluice_operator.metrics.families import about_object

ACTIVE = about_object(
    "sluice_modeldeployment_active_info",
    "What traffic goes to: the first 12 digits of the artifact's digest, and its run.",
    "digest_short",
    "run",
    unit="always 1",
)
ACTIVE_SINCE = about_object(
    "sluice_modeldeployment_active_since_timestamp_seconds",
    "Since when traffic goes there.",
    unit="Unix seconds",
)
LIVE_UNAVAILABLE = about_object(
    "sluice_modeldeployment_live_unavailable",
    "1 while something was promoted and its slot has no available Pod.",
    unit="0 or 1",
)
PROMOTIONS = about_object(
    "sluice_modeldeployment_promotions_total", "Finished switches to a newer revision.", "cause", counts=True
)
ROLLBACKS = about_object(
    "sluice_modeldeployment_rollbacks_total", "Finished switches back.", "cause", counts=True
)
REPAIRS = about_object(
    "sluice_modeldeployment_repairs_total", "Finished switches that put changed traffic back.", counts=True
)
LAST_TRANSITION = about_object(
    "sluice_modeldeployment_last_transition_timestamp_seconds",
    "When traffic last moved, repairs apart, by cause.",
    "cause",
    unit="Unix seconds",
)
LAST_TAMPERED = about_object(
    "sluice_modeldeployment_last_tampered_timestamp_seconds",
    "When traffic or the live slot was last put back after a change by hand; absent when it never was.",
    unit="Unix seconds",
)
ROLLBACK_BLOCKED = about_object(
    "sluice_modeldeployment_rollback_blocked",
    "1 while traffic should go back and there is nothing that it could go to.",
    unit="0 or 1",
)
REFUSED = about_object(
    "sluice_modeldeployment_refused", "Digests that were rolled back and do not come back by themselves."
)
HOLD = about_object(
    "sluice_modeldeployment_hold",
    "1 for each reason that keeps the newest passing model from going live.",
    "reason",
    unit="0 or 1",
)
DRIFTED = about_object(
    "sluice_modeldeployment_drifted",
    "1 while the condition Drifted is true; absent when nothing is watched or all is suspended.",
    unit="0 or 1",
)
DRIFT_VERDICT = about_object(
    "sluice_modeldeployment_drift_verdict",
    "1 for what the newest check found.",
    "verdict",
    unit="0 or 1",
)
DRIFT_SCORE = about_object(
    "sluice_modeldeployment_drift_score", "The metric that decided the newest drift check.", unit="share"
)
DRIFT_BASELINE = about_object(
    "sluice_modeldeployment_drift_baseline", "The same metric when the model was promoted.", unit="share"
)
DRIFT_FAILURES = about_object(
    "sluice_modeldeployment_drift_consecutive_failures", "Bad drift checks in a row."
)
DRIFT_INTERVAL = about_object(
    "sluice_modeldeployment_drift_interval_seconds",
    "Time from one drift check to the next, as the spec asks for.",
    unit="seconds",
)
DRIFT_LAST_CHECK = about_object(
    "sluice_modeldeployment_drift_last_check_timestamp_seconds",
    "When the newest drift check ended.",
    unit="Unix seconds",
)
DRIFT_UNKNOWN_SINCE = about_object(
    "sluice_modeldeployment_drift_unknown_since_timestamp_seconds",
    "Since when checks of what is live say neither good nor bad; absent while they do.",
    unit="Unix seconds",
)
AUDIT_SEQUENCE = about_object("sluice_modeldeployment_audit_sequence", "Number of the newest audit record.")
AUDIT_UNARCHIVED = about_object(
    "sluice_modeldeployment_audit_unarchived_records", "Audit records that are not in the archive yet."
)
AUDIT_UNARCHIVED_SINCE = about_object(
    "sluice_modeldeployment_audit_unarchived_since_timestamp_seconds",
    "When the oldest record that is not archived was written; absent when all are.",
    unit="Unix seconds",
)
AUDIT_TAMPERED = about_object(
    "sluice_modeldeployment_audit_tampered",
    "1 while the audit chain, or its archive, is not as it was written.",
    unit="0 or 1",
)

GATE_VERDICT = about_object(
    "sluice_evalgate_verdict",
    "1 for the verdict about the newest candidate; all 0 while it has none.",
    "verdict",
    unit="0 or 1",
)
GATE_WAITING_SINCE = about_object(
    "sluice_evalgate_waiting_since_timestamp_seconds",
    "Since when the newest candidate waits for a verdict; absent while it has one or there is none.",
    unit="Unix seconds",
)

GATE_SCORE = about_object(
    "sluice_evalgate_score",
    "What the newest judged candidate scored, by criterion; `bound` is value, lower or upper.",
    "suite",
    "metric",
    "slice",
    "compare",
    "bound",
)

PACK_ROWS = about_object(
    "sluice_datasetpack_rows", "Rows of the pack: read, accepted or rejected.", "outcome"
)

RUN_GPU_SECONDS = about_object(
    "sluice_trainingrun_gpu_seconds",
    "Seconds of GPUs that all ended attempts of the run held: GPUs times time, failed attempts included.",
    unit="seconds",
)
RUN_DURATION = about_object(
    "sluice_trainingrun_duration_seconds",
    "Time from the start of the run's first kept attempt to its artifact; absent before.",
    unit="seconds",
)
RUN_ATTEMPTS = about_object("sluice_trainingrun_attempts", "Attempts of all stages of the run.")
RUN_FAILED = about_object("sluice_trainingrun_attempts_failed", "Attempts that failed.")
RUN_PREEMPTED = about_object(
    "sluice_trainingrun_preemptions", "Pods of the run that were evicted, preempted or stopped on request."
)
RUN_PROGRESS = about_object(
    "sluice_trainingrun_progress", "Share of the training steps that is done.", unit="share"
)
RUN_TRAINING_SINCE = about_object(
    "sluice_trainingrun_training_since_timestamp_seconds",
    "Since when the Pod that trains runs; absent while none does.",
    unit="Unix seconds",
)
RUN_HEARTBEAT = about_object(
    "sluice_trainingrun_last_heartbeat_timestamp_seconds",
    "When the Pod that trains last reported; absent before its first report to this process.",
    unit="Unix seconds",
)
RUN_STALLED_SINCE = about_object(
    "sluice_trainingrun_stalled_since_timestamp_seconds",
    "Since when the run stands still until a person acts, and why; absent while it does not.",
    "reason",
    unit="Unix seconds",
)
