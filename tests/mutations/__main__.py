"""`make mutations`: so many seeded mutations, each in a process of its own, with a report.

Writes `build/reports/mutations.json`. A mutation that ends in no allowed way is printed with what replays it;
then the exit code is 1.
"""

import argparse
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from mutations import life
from mutations.changes import mutate
from sluice_api.common import UriDigest
from sluice_api.crdgen.files import CHECKOUT
from support.tinymodel import save_tiny

MOST_CPU_SECONDS = 60.0
MOST_WALL_SECONDS = 600.0
"""Far more, because the machine may be busy."""
MOST_MEMORY = 2 * 1024**3


@dataclass
class Found:
    """What came of one mutation."""

    number: int
    change: str = ""
    stage: str = ""
    reason: str = ""
    message: str = ""
    wrong: bool = False
    trespasses: list[str] = field(default_factory=list)
    cpu_seconds: float = 0.0
    memory: int = 0

    @property
    def broken(self) -> bool:
        """Whether it ended in no allowed way."""
        slow = self.cpu_seconds > MOST_CPU_SECONDS or self.memory > MOST_MEMORY
        return bool(self.wrong or self.trespasses or slow)


@dataclass(frozen=True)
class Bench:
    """What all mutations start from."""

    model: Path
    packs: Path
    pack: UriDigest

    @classmethod
    def make(cls, folder: Path) -> "Bench":
        """A small model, and a store with a pack."""
        life.use_one_thread()
        pack = life.make_pack(folder)
        bench = cls(save_tiny(folder / "tiny"), folder / "store", pack)
        bench._warm_up(folder / "warm")
        return bench

    def _warm_up(self, folder: Path) -> None:
        """Import here what every life would import again."""
        folder.mkdir()
        for number in (0, 1):
            work = folder / str(number)
            work.mkdir()
            told = life.live(self.model, self.packs, self.pack, work, number)
            if told["stage"] != "done":
                raise AssertionError(f"the model as it is: {told}")

    def try_one(self, seed: int, number: int) -> Found:
        """One mutation in a process of its own."""
        with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
            return self._watched(seed, number, Path(folder))

    def _watched(self, seed: int, number: int, folder: Path) -> Found:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self._live_and_end(seed, number, folder, writer)
        os.close(writer)
        told = _read_all(reader, child)
        _, status, usage = os.wait4(child, 0)
        found = Found(number, **json.loads(told)) if told else Found(number, wrong=True)
        found.cpu_seconds = round(usage.ru_utime + usage.ru_stime, 2)
        found.memory = usage.ru_maxrss * 1024
        if status:
            found.wrong, found.reason = True, f"the process ended with status {status}"
        if (folder / "outside" / "ran").exists():
            found.trespasses.append("code ran")
        return found

    def _live_and_end(self, seed: int, number: int, folder: Path, writer: int) -> None:
        """In the new process: change, live, tell, end without a return."""
        try:
            _quiet()
            outside, model = folder / "outside", folder / "model"
            shutil.copytree(self.model, outside)
            shutil.copytree(self.model, model)
            trespasses: list[str] = []
            change = mutate(Random(f"{seed}/{number}"), model)
            life.watch(outside, model, trespasses.append)
            told = {"change": change, **life.live(model, self.packs, self.pack, folder, number)}
            os.write(writer, json.dumps({**told, "trespasses": trespasses[:5]}).encode()[:60_000])
        except BaseException as error:
            os.write(writer, json.dumps({"wrong": True, "message": f"harness: {error!r}"}).encode())
        finally:
            os._exit(0)


def _quiet() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def _read_all(reader: int, child: int) -> bytes:
    """What the process tells until it ends; one that takes far too long is ended."""
    until, data = time.monotonic() + MOST_WALL_SECONDS, b""
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            break
        more = os.read(reader, 65536)
        if not more:
            break
        data += more
    os.close(reader)
    return data


def main() -> int:
    """Try all of them."""
    parser = argparse.ArgumentParser(prog="mutations", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        bench = Bench.make(Path(folder))
        found: list[Found] = []
        for number in range(args.first, args.first + args.count):
            found.append(bench.try_one(args.seed, number))
            if found[-1].broken:
                tell(f"BROKEN {asdict(found[-1])}")
            if len(found) % 100 == 0:
                tell(summary(args.seed, found))
    _report(args.seed, found)
    tell(summary(args.seed, found))
    return int(any(one.broken for one in found))


def tell(line: str) -> None:
    """Say something at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def summary(seed: int, found: list[Found]) -> str:
    """Outcomes by stage and reason, and the most that one took."""
    ends = Counter(f"{one.stage} {one.reason}".strip() for one in found)
    told = ", ".join(f"{end} {count}" for end, count in ends.most_common())
    most = max((one.cpu_seconds for one in found), default=0), max((one.memory for one in found), default=0)
    broken = sum(one.broken for one in found)
    return (
        f"mutations: seed {seed}, {len(found)} tried, {broken} broken; {told}; "
        f"at most {most[0]:.1f} s of computing and {most[1] / 1024**2:.0f} MiB"
    )


def _report(seed: int, found: list[Found]) -> None:
    path = CHECKOUT / "build" / "reports" / "mutations.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {"seed": seed, "mutations": [asdict(one) for one in found]}
    path.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    sys.exit(main())
