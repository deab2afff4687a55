"""The model card: facts that the pipeline knows, and `not stated` for the rest. Nothing is guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from sluice_trainer.export.bundle import BundleFacts
from sluice_trainer.export.loadback import Spoken

NOT_STATED = "not stated"


@dataclass(frozen=True)
class CardFacts:
    """What a card tells."""

    name: str
    digest: str
    bundle: BundleFacts
    size_bytes: int
    method: str
    adapter: str
    base_digest: str
    dataset_digest: str
    fingerprint: str
    steps: int | None
    numbers: Mapping[str, str]
    spoken: Sequence[Spoken]
    licence: str | None = None
    languages: str | None = None
    intended_use: str | None = None


def render_card(facts: CardFacts) -> str:
    """The card as Markdown."""
    # Plain text for a file, not for a browser; what the model said stands in code blocks.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    environment.filters["stated"] = lambda value: NOT_STATED if value in (None, "") else value
    environment.filters["quoted"] = lambda text: " ".join(text.replace("`", "'").replace("|", "/").split())
    source = files("sluice_trainer.export").joinpath("templates/card.md.jinja").read_text(encoding="utf-8")
    return environment.from_string(source).render(facts=facts)
