"""Where control groups are mounted."""

from pathlib import Path

from sluice_localcluster.cgroups import parse_hierarchies

HYBRID = """\
22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /sys/fs/cgroup ro shared:9 - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 30 0:28 / /sys/fs/cgroup/unified rw shared:10 master:3 - cgroup2 cgroup2 rw
"""
UNIFIED = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def test_every_hierarchy_of_a_hybrid_machine_counts() -> None:
    found = parse_hierarchies(HYBRID)
    assert found == [Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup/unified")]


def test_version_2_has_one_hierarchy() -> None:
    assert parse_hierarchies(UNIFIED) == [Path("/sys/fs/cgroup")]


def test_a_machine_without_control_groups_has_none() -> None:
    assert parse_hierarchies("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n") == []
