"""Arguments become part of the chat template, so that whoever renders it writes conversations alike.

Each is one line at the top of the template that sets a variable and writes nothing: renderers drop the line
break after a block. Such lines of an earlier run are known by their comment and are kept or replaced.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sluice_api.chat import TemplateArgument

TEMPLATE_FILE: Final = "chat_template.jinja"
TOKENIZER_CONFIG: Final = "tokenizer_config.json"
_MARK: Final = "{# template argument of the run #}"
_LINE: Final = re.compile(re.escape(_MARK) + r"\{% set (\w+) = (.*?) %\}\n")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,8})")


def with_arguments(template: str, arguments: Iterable[TemplateArgument]) -> str:
    """The template with its arguments set; those that an earlier run set hold unless they are named."""
    values, at = {}, 0
    while (found := _LINE.match(template, at)) is not None:
        values[found[1]] = found[2]
        at = found.end()
    values |= {argument.name: _literal(argument.value) for argument in arguments}
    lines = (f"{_MARK}{{% set {name} = {value} %}}\n" for name, value in sorted(values.items()))
    return "".join(lines) + template[at:]


def is_read(template: str, name: str) -> bool:
    """Whether a template names an argument at all."""
    return re.search(rf"\b{re.escape(name)}\b", template) is not None


def write_template(folder: Path, template: str) -> None:
    """Make it the one template of a model folder."""
    (folder / TEMPLATE_FILE).write_text(template, encoding="utf-8")
    path = folder / TOKENIZER_CONFIG
    if not path.is_file():
        return
    config = json.loads(path.read_text(encoding="utf-8"))
    if config.pop("chat_template", None) is not None:
        path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _literal(value: str) -> str:
    """A value as Jinja writes it."""
    if value in ("true", "false") or _NUMBER.fullmatch(value):
        return value
    return f"'{value}'"
