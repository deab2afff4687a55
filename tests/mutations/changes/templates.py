"""Chat templates: hostile ones, broken ones, and the right one with a letter or a line changed."""

import json
from pathlib import Path
from random import Random

NAME = "chat_template.jinja"
LOOP, END = "{% for _ in range(99999) %}", "{% endfor %}"
HOSTILE = (
    LOOP * 4 + END * 4,
    "{{ 'a' * 99999999999 }}",
    "{% set ns = namespace(t='a') %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}"
    + END
    + "{{ ns.t }}",
    "{% for i in range(20000) %}{{ 'a' * 1000 }}{% endfor %}",
    "{{ '%099999999999d' % 1 }}",
    "{{ 9 ** (9 ** 9) }}",
    "{{ ([0] * 99999999999) | length }}",
    "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.system('touch evil') }}",
    "{{ self._TemplateReference__context }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{{ raise_exception('no') }}",
    "{{ messages.clear() }}",
    "{{ '\\ud800' }}",
    "{{ (" * 3000,
    "{% if true %}" * 500 + "{% endif %}" * 500,
    "",
    "x",
    "{{ messages }}",
    "{% if messages | length > 1 %}" + LOOP * 3 + END * 3 + "{% endif %}x",
)
LINES = (
    "{{ messages[0].content }}",
    "{{ 1 // 0 }}",
    "{{ strftime_now('%Y') }}",
    "{{ undefined_thing.x }}",
    "<|im_end|>",
    "{% generation %}x{% endgeneration %}",
    "{{ 'a' * 100000 }}",
)


def hostile(random: Random, folder: Path) -> str:
    text = random.choice(HOSTILE)
    (folder / NAME).write_text(text)
    return text[:60]


def change_letter(random: Random, folder: Path) -> str:
    text = (folder / NAME).read_text()
    at = random.randrange(len(text))
    new = random.choice(["", "x", "{", "}", "%", "'", "\n", text[at] * 2])
    (folder / NAME).write_text(text[:at] + new + text[at + 1 :])
    return f"letter {at} is {new!r}"


def add_line(random: Random, folder: Path) -> str:
    text, line = (folder / NAME).read_text(), random.choice(LINES)
    (folder / NAME).write_text(random.choice([line + text, text + line]))
    return f"with {line}"


def elsewhere(random: Random, folder: Path) -> str:
    """In the tokenizer's configuration, as older models have it."""
    path = folder / "tokenizer_config.json"
    text = (folder / NAME).read_text()
    template = random.choice(
        [
            text,
            [{"name": "default", "template": text}],
            [{"name": "tool_use", "template": text}],
            [text],
            5,
            [],
            [{}],
        ]
    )
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": template}))
    if random.random() < 0.8:
        (folder / NAME).unlink()
    return f"tokenizer_config.json: {str(template)[:40]}"


def raw(random: Random, folder: Path) -> str:
    data = random.choice([b"\xff\xfe", b"\x00" * 10, b"{" * 2_000_000, b"a" * 2_000_000])
    (folder / NAME).write_bytes(data)
    return f"{data[:4]!r}, {len(data)} bytes"


CHANGES = (hostile, hostile, change_letter, change_letter, add_line, elsewhere, raw)
