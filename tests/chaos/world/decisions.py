"""What people decide: requests, approvals, pins, and when promotion may act by itself."""

from typing import Any

from chaos.world.people import People
from sluice_api.decisions import ANNOTATIONS, Decision
from sluice_api.hashing import digest_of
from sluice_operator.model import ResourceKind
from support.plaincopy import copied

UNKNOWN = digest_of("never made")
KINDS: tuple[Decision, ...] = ("promote", "rollback-to", "clear-rollback")


class Decisions(People):
    """Events of people who decide."""

    def _digests(self) -> list[str]:
        memory = self.witness.memory
        known = {s.digest for s in memory.history} | {d for d, _ in memory.refused | memory.rejected}
        return [*sorted(known | {r["digest"] for r in self.witness.runs()}), UNKNOWN]

    def ev_ask(self, number: int) -> None:
        """Somebody asks: well-formed, late, of the future, malformed, or as before."""
        kind, rest = KINDS[number % 3], number // 3
        digests = self._digests()
        digest = digests[rest // 8 % len(digests)]
        newest = len(self.witness.chain)
        seen = (newest, newest, newest, newest, newest - 4, newest + 3, newest, 0)[rest % 8]
        text = f"{digest} {max(0, seen)}.a{number:05d} ann"
        if rest % 8 == 6:
            text = (f"{digest} ann", "", "please", f"{digest} -1.x ann")[number % 4]
        if rest % 8 == 7 and self.asked:
            kind, text = self.asked[number % len(self.asked)]
        self.asked = [*self.asked[-7:], (kind, text)]
        self._annotate("Deployment", "live", ANNOTATIONS[kind], text)

    def _annotate(self, kind: ResourceKind, name: str, key: str, text: str | None) -> None:
        found = copied(self.cluster.get(kind, name))
        if found is not None:
            annotations = found["metadata"].setdefault("annotations", {})
            annotations.pop(key, None)
            found["metadata"]["annotations"] |= {key: text} if text is not None else {}
            self.cluster.put(kind, found)

    def ev_withdraw(self, number: int) -> None:
        """A request is taken back."""
        kind = KINDS[number % 3]
        self._annotate("Deployment", "live", ANNOTATIONS[kind], None)

    def ev_approve(self, number: int) -> None:
        """Somebody approves a verdict of the gate."""
        names = [r["metadata"]["name"] for r in self.api.of("ControllerRevision")]
        verdicts = sorted(n for n in names if n.startswith("gate-verdict-"))
        if verdicts:
            name = verdicts[number % len(verdicts)]
            digest = self.api.objects["ControllerRevision", name]["data"]["digest"]
            text = f"{digest} {name.rpartition('-')[2]}.a{number:05d} ann"
            self._annotate("EvalGate", "gate", ANNOTATIONS["approve"], text)

    def _promotion(self, **changes: Any) -> None:
        found = {**self.witness.spec.get("promotion", {}), **changes}
        self._edit(promotion={k: v for k, v in found.items() if v is not None})

    def ev_pin(self, number: int) -> None:
        """A digest is pinned, or none any more."""
        digests = self._digests()
        self._promotion(pin=digests[number // 3 % len(digests)] if number % 3 == 0 else None)

    def ev_policy(self, number: int) -> None:
        """Promotion by hand only, or by itself."""
        self._promotion(policy="Manual" if number % 4 == 0 else None)

    def ev_window(self, number: int) -> None:
        """Promotion in windows only, or always."""
        window = {"start": f"{number % 24:02d}:00", "durationSeconds": 7200}
        self._promotion(windows=[window] if number % 4 == 0 else None)

    def ev_soak(self, number: int) -> None:
        """Candidates must stand for some seconds first, or not."""
        self._promotion(soakSeconds=20 if number % 2 else None)
