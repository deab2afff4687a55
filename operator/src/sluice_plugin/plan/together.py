"""What is wrong with valid objects only where they come together. Pure."""

from collections.abc import Iterable, Iterator

from sluice_operator.model import Key
from sluice_plugin.plan.check import Document, Problem


def elsewhere(documents: Iterable[Document], namespace: str | None) -> Iterator[Problem]:
    """Objects of another namespace than the command names, which kubectl refuses."""
    for document in documents:
        own = document.key.namespace
        if namespace and own != namespace:
            told = f"the file says {own}, the command says {namespace}"
            yield Problem(document.where, "metadata.namespace", told, "leave one of them out")


def given_twice(documents: Iterable[Document]) -> Iterator[Problem]:
    """Objects that the files hold more than once, and differently: the last would win."""
    seen: dict[Key, Document] = {}
    for document in documents:
        before = seen.setdefault(document.key, document)
        if (before.spec, before.metadata) != (document.spec, document.metadata):
            told = f"{before.where} holds another {document.key.kind} {document.key.name}"
            yield Problem(document.where, "metadata.name", told, "give one of them another name")
