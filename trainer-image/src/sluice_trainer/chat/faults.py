"""Whatever the library of tokenizers raises about a model's files becomes the one reason for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.exhaustion import memory_ran_out

_PANIC: Final = "PanicException"
"""What compiled code raises where it ends; it is no Exception."""


@contextmanager
def tokenizer_faults(what: str) -> Iterator[None]:
    """Raises InputWrong(BASE_MODEL_UNSUPPORTED); too little memory, and our own errors, stay themselves."""
    try:
        yield
    except InputWrong:
        raise
    except BaseException as error:
        foreign = isinstance(error, Exception) or type(error).__name__ == _PANIC
        if not foreign or memory_ran_out(error) is not None:
            raise
        message = f"the base model's tokenizer {what}: {type(error).__name__}: {error}"
        raise InputWrong(reasons.BASE_MODEL_UNSUPPORTED, message[:500]) from error
