"""Threads that nobody waits for when the process is asked to end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def waited_for(pool: ThreadPoolExecutor) -> Iterator[ThreadPoolExecutor]:
    """A pool whose running work is waited for, also after a failure; what was not started never starts.

    What ends a process (no Exception) waits for nothing: a call may take a minute more, and its answer is
    lost anyway.
    """
    wait = True
    try:
        yield pool
    except Exception:
        raise
    except BaseException:
        wait = False
        raise
    finally:
        pool.shutdown(wait=wait, cancel_futures=True)
