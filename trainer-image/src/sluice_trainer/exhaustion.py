"""Recognises that memory or disk ran out, whichever library says so and however deep it is wrapped.

Most libraries have no exception of their own for it, so texts decide; but only texts of libraries, because
those of our own exceptions quote what users wrote and what endpoints answered. Without I/O.
"""

import errno
import re
import sys
from collections.abc import Iterator
from typing import Final

_DISK_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})

_MEMORY_TEXTS: Final = re.compile(
    r"\bout of memory\b|\b\w*error_?(out_?of_?memory|memory_?allocation)\b"
    r"|\b(cu|roc|mi)\w*_status_\w*alloc(ation)?_failed\b"
    r"|\bfailed to (cuda |hip )?\w*alloc\b|\b(cuda|hip)(host)?malloc\w*\b.{0,40}\bfailed\b"
    r"|\b(can'?t|cannot|could not|unable to|failed to) allocate\b.{0,80}\b(memory|bytes|[kmgt]i?b)\b"
    r"|\b(not enough|insufficient) memory\b|\bresource_exhausted\b|\bDefaultCPUAllocator\b"
    r"|\bbad_alloc\b|\bbad allocation\b|\bos error 12\b|\bENOMEM\b",
    re.IGNORECASE | re.DOTALL,
)
_DISK_TEXTS: Final = re.compile(
    r"\bno space left on device\b|\bdisk quota exceeded\b|\bread-only file system\b|\bnot enough disk space\b"
    r"|\bos error (28|122|30)\b|\bENOSPC\b|\bEDQUOT\b",
    re.IGNORECASE,
)
_LIBRARIES: Final = frozenset({"torch", "safetensors", "safetensors_rust", "tokenizers", "pyarrow"})


def memory_ran_out(error: BaseException) -> BaseException | None:
    """The exception that says that the host's or the device's memory was too small, or None."""
    return next((e for e in chain_of(error) if _says_memory(e)), None)


def disk_ran_out(error: BaseException) -> BaseException | None:
    """The exception that says that files could not be written for want of space, or None."""
    return next((e for e in chain_of(error) if _says_disk(e)), None)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it came of or that it groups, each once, the outermost first."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        waiting += [e for e in (one.__cause__, _context(one), *inner) if e is not None]


def _context(error: BaseException) -> BaseException | None:
    return None if error.__suppress_context__ else error.__context__


def _says_memory(error: BaseException) -> bool:
    """Torch is asked only if it was imported."""
    torch = sys.modules.get("torch")
    if isinstance(error, (MemoryError, getattr(torch, "OutOfMemoryError", ()))):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    return _of_a_library(error) and bool(_MEMORY_TEXTS.search(str(error))) and not _says_disk(error)


def _says_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _DISK_ERRORS
    return _of_a_library(error) and bool(_DISK_TEXTS.search(str(error)))


def _of_a_library(error: BaseException) -> bool:
    """Whether the text is of a library that computes or reads files."""
    if isinstance(error, (RuntimeError, OSError)) or type(error) is Exception:
        return True
    return type(error).__module__.partition(".")[0] in _LIBRARIES
