"""Kernel settings that a kubelet changes for the whole machine, and their way back.

They are written down before the first cluster starts, and put back when the last one
has gone.
"""

import json
from pathlib import Path

_SETTINGS = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
_ROOT = Path("/proc/sys")


def remember(record: Path) -> None:
    """Write the settings down unless that was done before."""
    if not record.exists():
        new = record.with_suffix(".new")
        new.write_text(json.dumps({name: (_ROOT / name).read_text() for name in _SETTINGS}))
        new.replace(record)


def restore(record: Path) -> None:
    """Put back what was written down, and forget it."""
    if not record.exists():
        return
    for name, value in json.loads(record.read_text()).items():
        if (_ROOT / name).read_text() != value:
            (_ROOT / name).write_text(value)
    record.unlink()
