"""What a Pod runs, as one short text: the Pods that a Job makes have that of its template.

The Job controller also adopts a Pod of somebody else that carries a Job's `controller-uid`. What such a Pod
says in its termination message is not what our code says, unless it runs our code on our request. Admission
may add what changes nothing of that: sidecars, variables, tokens below `/var/run/secrets`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sluice_operator import raw

_Json = Mapping[str, Any]
_STEERING = ("PYTHON", "LD_")
"""Variables with these beginnings decide what code runs."""
_TOKENS = "/var/run/secrets/"


def body_of(spec: object, container: str) -> str:
    """A hash of what the named container of a Pod spec runs, and of what could change that."""
    main = next((c for c in raw.items(spec, "containers") if c.get("name") == container), {})
    mounts = sorted(_mounts(main))
    names = {name for _, name in mounts}
    told = {
        "image": _image(raw.text(main, "image")),
        "command": main.get("command"),
        "args": main.get("args"),
        "env": [e for e in raw.items(main, "env") if raw.text(e, "name").startswith(_STEERING)],
        "mounts": mounts,
        "volumes": [v for v in raw.items(spec, "volumes") if v.get("name") in names],
        "shared": sorted(_others(spec, container, names)),
        "seesProcesses": [raw.mapping(spec).get(k) is True for k in ("shareProcessNamespace", "hostPID")],
    }
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()


def _image(name: str) -> str:
    """An image by its digest, wherever a mirror serves it from; by its whole name when it has none."""
    _, at, digest = name.partition("@")
    return digest if at else name


def _mounts(container: _Json) -> Iterator[tuple[str, str]]:
    for mount in raw.items(container, "volumeMounts"):
        path = raw.text(mount, "mountPath")
        if not path.startswith(_TOKENS):
            yield path, raw.text(mount, "name")


def _others(spec: object, container: str, names: set[str]) -> Iterator[tuple[str, str]]:
    """Volumes of the container that other containers hold as well."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for other in raw.items(spec, kind):
            if (name := raw.text(other, "name")) != container:
                yield from ((name, mounted) for _, mounted in _mounts(other) if mounted in names)
