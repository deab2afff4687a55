"""X13: the live engine tells what the recorded series of serving are made of."""

import json
import urllib.request

from support.story import Story
from support.telemetry import ENGINE

QUESTION = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}


def ask(url: str, body: dict[str, object] | None = None) -> str:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def test_X13_the_endpoint_tells_latency_first_token_and_errors(story: Story) -> None:
    ask(f"{story.url}/chat/completions", {"model": "live", **QUESTION})
    told = ask(f"{story.url.removesuffix('/v1')}/metrics")
    names = {line.split("{")[0].split(" ")[0] for line in told.splitlines() if not line.startswith("#")}
    assert names >= ENGINE
    assert 'status="2xx"' in told
