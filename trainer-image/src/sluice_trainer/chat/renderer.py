"""The program that renders a chat template: a process of its own, with bounds on time, memory and output.

A template is somebody else's program. It runs in Jinja's sandbox, which bounds neither nested loops nor what
texts grow to, so the process does. Run as a file, with the standard library and Jinja alone.

In: one JSON line with the template, then one per conversation. Out: one JSON line each.
"""

import json
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import jinja2
import jinja2.nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

CPU_SECONDS: Final = 5
"""Most computing for one conversation; usual is a millisecond."""
MEMORY_BYTES: Final = 768 * 1024 * 1024
LONGEST_TEXT: Final = 16 * 1024 * 1024
_LONGEST_ERROR: Final = 300


class _Generation(Extension):
    """The tag `generation`, by which templates mark what an assistant says; it is passed through."""

    tags = {"generation"}

    def parse(self, parser: Any) -> Any:
        """The tag's body, in a scope of its own."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Callable[[], str]) -> str:
        return caller()


def environment() -> ImmutableSandboxedEnvironment:
    """The environment in which transformers renders templates."""
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    made.filters["tojson"] = _to_json
    made.globals["raise_exception"] = _raise
    made.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return made


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: Any = None,
    separators: Any = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)


def answers(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """What became of each conversation: its text, an error of the template, or the bound that it broke."""
    start = json.loads(next(lines))
    template: jinja2.Template | None = None
    for line in lines:
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # ends the process when it is over
        try:
            if template is None:
                template = environment().from_string(start["template"])
            text = template.render(**start["variables"], **json.loads(line))
            yield _answer(text)
        except MemoryError:
            yield {"exceeded": f"{MEMORY_BYTES // 1024**2} MiB of memory"}
        except Exception as error:  # a template may raise anything
            yield {"error": f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]}
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _answer(text: str) -> dict[str, str]:
    if len(text) > LONGEST_TEXT:
        return {"exceeded": f"{LONGEST_TEXT} letters of output"}
    text.encode()  # half of a character would break every reader
    return {"text": text}


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for answer in answers(iter(sys.stdin.readline, "")):
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
