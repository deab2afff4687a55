"""What the sweep found: for people, as JSON, and as JUnit."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr


@dataclass(frozen=True)
class Result:
    """How one life ended."""

    story: str
    fault: str
    name: str
    seconds: float
    broken: str = ""
    """What went wrong; empty when all is well."""


@dataclass
class Report:
    """All lives."""

    seed: int
    unbroken: dict[str, dict[str, float]] = field(default_factory=dict)
    """Of each story: its seconds, its writes, and how many of them are distinct."""
    results: list[Result] = field(default_factory=list)
    minutes: float = 0.0

    @property
    def broken(self) -> list[Result]:
        """What did not end well."""
        return [result for result in self.results if result.broken]

    def text(self) -> str:
        """The report for people."""
        lines = [f"kill: seed {self.seed}, {len(self.results)} lives in {self.minutes:.1f} minutes"]
        for story, told in self.unbroken.items():
            lines.append(
                f"  {story:<12}{told['distinct']:>4.0f} distinct writes, unbroken {told['seconds']:.0f} s"
            )
            lines.append(f"              {self._counts(story)}")
        lines += [f"  BROKEN {r.name} ({r.seconds:.0f} s)\n    {r.broken}" for r in self.broken]
        return "\n".join(lines)

    def _counts(self, story: str) -> str:
        mine = [result for result in self.results if result.story == story]
        counts = Counter(result.fault for result in mine)
        seconds = sum(result.seconds for result in mine)
        told = ", ".join(f"{count} {fault}" for fault, count in counts.items())
        return f"{told}: {seconds:.0f} s in all, {sum(bool(r.broken) for r in mine)} broken"

    def write(self, folder: Path) -> None:
        """The report for machines."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kill.json").write_text(json.dumps(asdict(self), indent=1) + "\n")
        cases = "".join(_case(result) for result in self.results)
        counts = f'tests="{len(self.results)}" failures="{len(self.broken)}"'
        (folder / "kill.xml").write_text(f'<testsuite name="kill" {counts}>{cases}</testsuite>\n')


def _case(result: Result) -> str:
    failure = f"<failure message={quoteattr(result.broken)}/>" if result.broken else ""
    place = f"classname={quoteattr(f'kill.{result.story}.{result.fault}')}"
    return f'<testcase {place} name={quoteattr(result.name)} time="{result.seconds:.1f}">{failure}</testcase>'
