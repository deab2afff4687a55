"""Checks of tokenizer and template: present, in step with the model, ending where generation ends."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sluice_api import decoding, reasons
from sluice_api.chat import TemplateArgument
from sluice_api.errors import InputWrong
from sluice_model.files import CONFIG, GENERATION
from sluice_trainer.chat.arguments import is_read
from sluice_trainer.chat.files import TOKENIZER_CHECKS
from sluice_trainer.chat.proof import prove_tokenizer
from sluice_trainer.chat.rendering import TemplateRefused
from sluice_trainer.chat.tokenizer import ChatTokenizer, load_tokenizer
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.preflight.check import Check, blocked, ok, warned
from sluice_trainer.preflight.modelfacts import ModelFacts

_CLOCK: Final = "strftime_now"


def open_tokenizer(
    folder: Path, arguments: Sequence[TemplateArgument] = ()
) -> tuple[ChatTokenizer | None, Check]:
    """The tokenizer with its chat template, or the check that says why there is none to use."""
    try:
        prove_tokenizer(folder)
        tokenizer = load_tokenizer(folder, arguments)
        _try_template(tokenizer)
        _refuse_missing(folder)
    except InputWrong as error:
        return None, blocked("chat_template", "not usable", "usable", error.reason, error.message)
    return tokenizer, ok("chat_template", "usable", "usable")


def _refuse_missing(folder: Path) -> None:
    """What a bundle takes over from its base must be there before anything is trained."""
    missing = [name.removesuffix("_present") for name, holds in TOKENIZER_CHECKS.items() if not holds(folder)]
    if missing:
        raise InputWrong(
            reasons.BASE_MODEL_UNSUPPORTED,
            f"the base model lacks what it is served with: no usable {', '.join(missing)}; "
            "import a folder that holds tokenizer.json, tokenizer_config.json and a chat template",
        )


def _try_template(tokenizer: ChatTokenizer) -> None:
    """A slot is first asked by a single user; a template that refuses that could never be served."""
    try:
        _, ids = tokenizer.prompt([ChatMessage(role="user", content="Hello!")])
    except TemplateRefused as refused:
        raise InputWrong(
            reasons.CHAT_TEMPLATE_UNSUPPORTED,
            f"the base model's chat template refuses a single message of a user: {refused}",
        ) from refused
    if not ids:
        raise InputWrong(
            reasons.BASE_MODEL_UNSUPPORTED, "template and tokenizer make no token of a user's message"
        )


def template_checks(tokenizer: ChatTokenizer, facts: ModelFacts) -> list[Check]:
    """All checks that need the tokenizer and no rows."""
    return [vocabulary(tokenizer.size, facts.shape().vocabulary), timeless(tokenizer.template)]


def vocabulary(tokens: int, embeddings: int) -> Check:
    """Every token needs a row of the embedding."""
    if tokens <= embeddings:
        return ok("vocabulary", tokens, embeddings)
    message = f"the tokenizer has {tokens} tokens, the model has embeddings for {embeddings}"
    return blocked("vocabulary", tokens, embeddings, reasons.BASE_MODEL_UNSUPPORTED, message)


def arguments_read(tokenizer: ChatTokenizer, arguments: Sequence[TemplateArgument]) -> Check:
    """An argument that the template never names changes nothing: most likely it is misspelt."""
    plain = tokenizer.plain_template
    unknown = ", ".join(a.name for a in arguments if not is_read(plain, a.name))
    if not unknown:
        return ok("template_arguments", len(arguments), len(arguments))
    message = f"chat.templateArguments: the base model's chat template does not read {unknown}"
    return blocked("template_arguments", unknown, "read", reasons.TEMPLATE_ARGUMENT_UNKNOWN, message)


def timeless(template: str) -> Check:
    """A template that writes today's date shows the model another prompt tomorrow."""
    if _CLOCK not in template:
        return ok("timeless_template", "no date", "no date")
    return warned("timeless_template", "date", "no date", "the chat template writes the date of rendering")


def end_of_answer(ends: tuple[int, ...], facts: ModelFacts, own_end: int | None) -> Check:
    """What ends an answer in training must end it in generation, by the files or the tokenizer."""
    stops = decoding.stop_tokens(facts.documents.get(GENERATION), facts.documents[CONFIG])
    stops |= set() if own_end is None else {own_end}
    metric, threshold = ", ".join(map(str, ends)), ", ".join(map(str, sorted(stops)))
    if set(ends) <= stops:
        return ok("end_of_answer", metric, threshold)
    message = f"answers end with token {metric}, generation stops at {threshold or 'none'}: it may not stop"
    return warned("end_of_answer", metric, threshold, message)
