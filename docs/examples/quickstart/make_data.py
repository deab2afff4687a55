"""Writes the quickstart's rows: support tickets and the team that should handle each.

    python make_data.py [folder]

Standard library only, and the same bytes on every machine. Training rows have what real exports have: typos,
side remarks about other teams' matters, near-duplicates, wrong labels, broken lines. The gold set has labels
that are right, facts and manners of its own, and partly words of its own; no ticket of it stands in the
training rows.
"""

import json
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).parent
SEED = 20260101
TRAIN_PER_TEAM = 108
GOLD_PER_TEAM = 42
GOLD_OWN_SHARE = 0.1
"""Gold tickets that ask in words which no training ticket has."""
ASIDE_SHARE = 0.2
TYPO_SHARE = 0.3
WRONG_LABEL_SHARE = 0.03
NEAR_DUPLICATES = 30
EXACT_DUPLICATES = 12
BROKEN_OF_EACH_KIND = 8

Row = dict[str, Any]


def main(folder: Path) -> None:
    """Write train.jsonl and gold.jsonl."""
    phrases = json.loads((HERE / "data" / "phrases.json").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("train", train_lines(phrases)), ("gold", gold_lines(phrases))):
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def train_lines(phrases: Any) -> list[str]:
    """Tickets with everything that is wrong with real ones."""
    random = Random(SEED)
    rows = list(tickets(random, phrases, "train", TRAIN_PER_TEAM))
    teams = sorted(phrases["train"]["teams"])
    for row in rows:
        if random.random() < WRONG_LABEL_SHARE:
            row["label"] = pick(random, [t for t in teams if t != row["label"]])
    rows += [nearly(random, pick(random, rows)) for _ in range(NEAR_DUPLICATES)]
    rows += [dict(pick(random, rows)) for _ in range(EXACT_DUPLICATES)]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    lines += broken_lines(random, rows)
    return shuffled(random, lines)


def gold_lines(phrases: Any) -> list[str]:
    """Tickets to judge by."""
    random = Random(SEED + 1)
    known = {json.loads(line)["text"].lower() for line in train_lines(phrases) if line.endswith("}")}
    rows = tickets(random, phrases, "gold", GOLD_PER_TEAM, known)
    return shuffled(random, [json.dumps(row) for row in rows])


def tickets(
    random: Random, phrases: Any, kind: str, per_team: int, known: Collection[str] = ()
) -> Iterator[Row]:
    """Different tickets, as many for each team, none of them known already."""
    words = phrases[kind]
    seen: set[str] = set()
    for team in sorted(words["teams"]):
        left = per_team
        while left:
            number = len(seen) + 1
            text = ticket(random, phrases, words, team)
            if text.lower() not in seen and text.lower() not in known:
                seen.add(text.lower())
                left -= 1
                yield {"id": f"{kind}-{number}", "customer": f"c{number}", "text": text, "label": team}


def ticket(random: Random, phrases: Any, words: Any, team: str) -> str:
    """One ticket: greeting, what it is about, perhaps a remark that is not, ending, typos."""
    asked = words if random.random() < GOLD_OWN_SHARE else phrases["train"]
    parts = [pick(random, words["openers"]), pick(random, asked["teams"][team]["requests"])]
    if random.random() < ASIDE_SHARE:
        other = pick(random, [t for t in sorted(words["teams"]) if t != team])
        parts.insert(random.randrange(1, 3), pick(random, words["teams"][other]["asides"]))
    parts.append(pick(random, words["closers"]))
    text = fill(random, " ".join(p for p in parts if p), phrases, words)
    return with_typos(random, text) if random.random() < TYPO_SHARE else text


def fill(random: Random, text: str, phrases: Any, words: Any) -> str:
    """The text with its blanks filled in."""
    return text.format(
        product=pick(random, phrases["products"]),
        day=pick(random, phrases["days"]),
        name=pick(random, words["names"]),
        order=f"{pick(random, 'ABCD')}{random.randrange(10_000, 99_999)}",
        amount=f"{random.randrange(5, 400)}.{random.randrange(100):02d} EUR",
        count=random.randrange(3, 20),
        year=random.randrange(2012, 2026),
    )


def with_typos(random: Random, text: str) -> str:
    """The text as somebody types it in a hurry."""
    letters = list(text.lower() if random.random() < 0.3 else text)
    for _ in range(random.randrange(1, 5)):
        place = random.randrange(len(letters) - 1)
        if letters[place].isalpha() and letters[place + 1].isalpha():
            swap = letters[place + 1], letters[place]
            letters[place : place + 2] = swap if random.random() < 0.5 else swap[:1]
    return "".join(letters)


def nearly(random: Random, row: Row) -> Row:
    """The same customer asks the same again, in almost the same words."""
    change = pick(random, (str.upper, lambda t: f"{t} Anyone there?", lambda t: f"Second try: {t}"))
    return {**row, "id": f"{row['id']}-again", "text": change(str(row["text"]))}


def broken_lines(random: Random, rows: Sequence[Row]) -> list[str]:
    """Lines that a checked pack must leave out: cut off, with a team that does not exist, without a text."""
    cut = [json.dumps(pick(random, rows))[: random.randrange(20, 60)] for _ in range(BROKEN_OF_EACH_KIND)]
    unknown = [{**pick(random, rows), "label": "sales"} for _ in range(BROKEN_OF_EACH_KIND)]
    empty = [{**pick(random, rows), "text": "  "} for _ in range(BROKEN_OF_EACH_KIND)]
    return [*cut, *(json.dumps(row, ensure_ascii=False) for row in (*unknown, *empty))]


def pick(random: Random, items: Sequence[Any]) -> Any:
    """One of the items."""
    return items[random.randrange(len(items))]


def shuffled(random: Random, items: list[str]) -> list[str]:
    """The items in another order."""
    return [item for _, item in sorted((random.random(), item) for item in items)]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data")
