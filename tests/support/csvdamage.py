"""CSV files by seed, and damage of every kind. Each line of a text carries the tag of its row."""

import csv
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

TAG = re.compile(r"<(\d+)>")
HEADER = ["text", "label", "note"]
LABELS = ("billing", "shipping", "technical")
WORDS = (
    "order",
    "kettle",
    "café",
    "漢字",
    "27 inch",
    "it's",
    "1,000",
    'a "good" one',
    "so, yes",
    "tea",
    "\u2028",
)


@dataclass
class Table:
    """Rows, the bytes that a proper writer makes of them, and what damage made of those."""

    width: int
    rows: list[list[str]]
    data: bytes
    places: list[int]
    """Where the bytes of each row begin, and where the last one ends."""
    touched: set[int] = field(default_factory=set)
    """Numbers of the rows at whose bytes or edges something was changed."""

    def replace(self, at: int, removed: int, new: bytes) -> None:
        """Change some bytes."""
        self.touched |= {self._row_at(at - 1), self._row_at(at), self._row_at(at + removed)}
        self.data = self.data[:at] + new + self.data[at + removed :]
        self.places = [place if place <= at else max(at, place + len(new) - removed) for place in self.places]

    def _row_at(self, byte: int) -> int:
        return min(sum(start <= byte for start in self.places[:-1]), len(self.rows)) - 1


def table(rng: random.Random) -> Table:
    """Some rows, with values of several lines in half of the tables."""
    width, end = rng.choice((2, 3)), rng.choice(("\n", "\r\n"))
    breaks = rng.choice((0.0, 0.0, 0.1, 0.4))
    rows = [_row(rng, i, width, breaks, end) for i in range(rng.randint(12, 30))]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator=end, quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))
    writer.writerow(HEADER[:width])
    places = []
    for row in rows:
        places.append(len(buffer.getvalue().encode()))
        writer.writerow(row)
    data = buffer.getvalue().encode()
    return Table(width, rows, data, [*places, len(data)])


def _row(rng: random.Random, number: int, width: int, breaks: float, end: str) -> list[str]:
    lines = 1 + (rng.choice((1, 1, 2, 5)) if rng.random() < breaks else 0)
    text = end.join(f"<{number}> {' '.join(rng.choices(WORDS, k=rng.randint(0, 4)))}" for _ in range(lines))
    return [text, LABELS[(number + rng.randint(0, 1)) % 3], f"<{number}>"][:width]


Damage = Callable[[random.Random, Table], None]


def _insert(*choices: bytes) -> Damage:
    def damage(rng: random.Random, made: Table) -> None:
        made.replace(rng.randint(made.places[0], len(made.data)), 0, rng.choice(choices))

    return damage


def _remove(*choices: bytes) -> Damage:
    def damage(rng: random.Random, made: Table) -> None:
        found = [m.start() for m in re.finditer(b"|".join(map(re.escape, choices)), made.data)]
        if rows := [place for place in found if place >= made.places[0]]:
            made.replace(rng.choice(rows), 1, b"")

    return damage


def _overwrite(*choices: bytes) -> Damage:
    def damage(rng: random.Random, made: Table) -> None:
        made.replace(rng.randrange(made.places[0], len(made.data)), 1, rng.choice(choices))

    return damage


def _cut(rng: random.Random, made: Table) -> None:
    at = rng.randint(0, len(made.data))
    made.replace(at, len(made.data) - at, b"")


def _two_stray_quotes(rng: random.Random, made: Table) -> None:
    """One before a text and one after a later text."""
    first = rng.randrange(len(made.rows) - 1)
    second = rng.randrange(first + 1, min(len(made.rows), first + 9))
    text = made.data[made.places[second] : made.places[second + 1]]
    made.replace(made.places[second] + max(text.find(b","), 0), 0, b'"')
    made.replace(made.places[first], 0, b'"')


DAMAGE: dict[str, Damage] = {
    "a quote too many": _insert(b'"'),
    "a quote missing": _remove(b'"'),
    "two stray quotes": _two_stray_quotes,
    "two quotes at once": _insert(b'""', b'","', b'"\n"'),
    "a byte that is no text": _overwrite(b"\xff", b"\xe9", b"\0"),
    "another byte": _overwrite(b'"', b",", b"\n", b"\r", b"x"),
    "a line break too many": _insert(b"\n", b"\r", b"\r\n"),
    "a line break missing": _remove(b"\n", b"\r"),
    "a comma too many": _insert(b","),
    "a comma missing": _remove(b","),
    "cut": _cut,
}
