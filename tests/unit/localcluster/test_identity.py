"""Which process is which: never a stranger's pid."""

import pytest

from sluice_localcluster.identity import parse_stat


@pytest.mark.parametrize("command", ["etcd", "a b", "odd) S 1 (name"])
def test_stat_is_parsed_whatever_the_command_is_called(command: str) -> None:
    fields = ["S", *(str(number) for number in range(100, 118)), "4711", "9"]
    assert parse_stat(f"12 ({command}) {' '.join(fields)}\n") == ("S", 4711)
