"""A program that reads a tokenizer file and uses it once, within bounds on time and memory.

The library behind tokenizers is compiled code: for a hostile file it may take all memory or end its process,
which no caller could turn into a reason. Run as a file; it prints what went wrong, if anything.
"""

import resource
import sys
from typing import Final

CPU_SECONDS: Final = 50
MEMORY_BYTES: Final = 1536 * 1024 * 1024
TEXT: Final = "Hello, Wörld! 你好 <|im_end|> 12345\n\tdef f(x): return x  \U0001f600"


def main(path: str) -> None:
    """Read, encode, decode."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.decode(tokenizer.encode(TEXT, add_special_tokens=False).ids)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except BaseException as error:  # a panic of the compiled library is no Exception
        print(f"{type(error).__name__}: {error}"[:300])  # noqa: T201 - read by who started it
        sys.exit(1)
