"""Names that the engine must tell: what serving's recorded series are made of."""

ENGINE = frozenset(
    {
        "vllm:e2e_request_latency_seconds_bucket",
        "vllm:time_to_first_token_seconds_bucket",
        "http_requests_total",
    }
)
