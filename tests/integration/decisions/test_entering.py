"""No person enters a Pod of ours, by any way that leads into one; Pods of others are theirs."""

from collections.abc import Callable

import pytest

from support.tricks import Trick

INSIDE = "works for Deployment live and is not entered by people"
WAYS = ("exec?command=sh&stdout=true", "attach?stdout=true", "portforward", "proxy", "proxy/v1/models")
NAMES = ("ours:8000", "http:ours:8000", "https:ours:", "ours:http")
"""A proxy's own ways to name a Pod."""

TRICKS = [
    *(Trick(who, f"POST pods/ours/{way}", None, INSIDE) for way in WAYS for who in ("erin", "ada", "argo")),
    *(Trick("erin", f"GET pods/ours/{way}", None, INSIDE) for way in WAYS),
    *(Trick("erin", f"GET pods/{name}/proxy/v1/models", None, INSIDE) for name in NAMES),
    *(Trick("erin", f"POST pods/theirs/{way}") for way in WAYS),
    *(Trick("erin", f"GET pods/{name.replace('ours', 'theirs')}/proxy/x") for name in NAMES),
    *(Trick("root", f"POST pods/ours/{way}") for way in WAYS),
    Trick("erin", "GET pods/ours"),
    Trick("erin", "GET services/live/proxy/v1/models"),
]


@pytest.mark.parametrize("trick", TRICKS, ids=str)
def test_no_pod_of_ours_is_entered(attempt: Callable[[Trick], None], trick: Trick) -> None:
    attempt(trick)
